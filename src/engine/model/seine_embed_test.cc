// The shipped embedder against PyTorch (tests/golden/make_seine_embed.py): tokens, vectors and
// scores of the plain kernels, and that the fast ones say the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "base/json.h"
#include "engine/engine.h"
#include "engine/eval/answer_of.h"
#include "engine/formats/mapped_file.h"
#include "engine/generate/local_embedder.h"
#include "engine/model/test_session.h"

namespace seine::engine {
namespace {

struct EmbedCase {
  std::string text;
  std::vector<TokenId> tokens;
  std::vector<float> mean;
};

struct PairCase {
  std::string question;
  std::string passage;
  std::vector<TokenId> tokens;
  std::int32_t asked = 0;
  float score = 0;
};

base::Json read_embed_json() {
  const auto text = read_text_file(SEINE_SOURCE_DIR "/tests/golden/seine_embed.json", 1 << 20);
  return base::parse_json(text.value()).value();
}

std::vector<PairCase> read_pair_golden() {
  std::vector<PairCase> out;
  for (const base::Json& each : read_embed_json()["pairs"]) {
    out.push_back({.question = each["question"].get<std::string>(),
                   .passage = each["passage"].get<std::string>(),
                   .tokens = each["tokens"].get<std::vector<TokenId>>(),
                   .asked = each["asked"].get<std::int32_t>(),
                   .score = each["score"].get<float>()});
  }
  return out;
}

std::vector<EmbedCase> read_embed_golden() {
  std::vector<EmbedCase> out;
  for (const base::Json& each : read_embed_json()["texts"]) {
    out.push_back({.text = each["text"].get<std::string>(),
                   .tokens = each["tokens"].get<std::vector<TokenId>>(),
                   .mean = each["mean"].get<std::vector<float>>()});
  }
  return out;
}

std::shared_ptr<const ModelFile> embed_file() {
  static const auto file =
      ModelFile::open(SEINE_SOURCE_DIR "/models/seine-embed/model.gguf").value();
  return file;
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * double{b[i]};
    aa += double{a[i]} * double{a[i]};
    bb += double{b[i]} * double{b[i]};
  }
  return ab / std::sqrt(aa * bb);
}

TEST(SeineEmbed, ItsTokensAreTheReferences) {
  base::SystemClock clock;
  base::SystemRandom random;
  base::Metrics metrics;
  const auto engine =
      Engine::load(SEINE_SOURCE_DIR "/models/seine-embed/model.gguf",
                   {.id = "seine-embed", .threads = 2}, {clock, random, metrics}, {}, {});
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_TRUE((*engine)->facts().is_encoder);
  for (const EmbedCase& golden : read_embed_golden()) {
    const std::vector<TokenId> tokens =
        (*engine)->tokenizer().encode(golden.text, {.parse_special = false, .add_special = false});
    EXPECT_TRUE(
        std::equal(tokens.begin(), tokens.end(), golden.tokens.begin() + 1, golden.tokens.end()))
        << golden.text;
  }
}

TEST(SeineEmbed, ItsVectorsAreTheReferencesWithEveryKernel) {
  const std::vector<EmbedCase> golden = read_embed_golden();
  ASSERT_FALSE(golden.empty());
  ThreadPool pool(2);
  for (const Kernels* row : available_kernels()) {
    ModelSettings settings{.batch_rows = 128, .logit_rows = 1};
    settings.kernels = row;
    const auto model = load_model(embed_file(), pool, settings);
    ASSERT_TRUE(model) << model.error().message;
    std::vector<TokenRun> runs;
    for (const EmbedCase& each : golden)
      runs.push_back({.tokens = each.tokens, .phase = Phase::kPrompt});
    const auto means = (*model)->embed(runs, {});
    ASSERT_TRUE(means) << means.error().message;
    const auto width = static_cast<std::size_t>((*model)->facts().width);
    for (std::size_t i = 0; i < golden.size(); ++i) {
      const auto mean = means->subspan(i * width, width);
      // The fast rows round activations to int8 per 32.
      EXPECT_GE(cosine(mean, golden[i].mean), row->isa == "ref" ? 1 - 1e-6 : 0.995)
          << row->isa << ": " << golden[i].text;
    }
  }
}

TEST(SeineEmbed, ItsScoresAreTheReferencesWithEveryKernel) {
  const std::vector<PairCase> golden = read_pair_golden();
  ASSERT_FALSE(golden.empty());
  ThreadPool pool(2);
  for (const Kernels* row : available_kernels()) {
    ModelSettings settings{.batch_rows = 256, .logit_rows = 1};
    settings.kernels = row;
    const auto model = load_model(embed_file(), pool, settings);
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_TRUE((*model)->facts().ranks);
    std::vector<TokenRun> runs;
    std::vector<std::int32_t> asked;
    for (const PairCase& each : golden) {
      runs.push_back({.tokens = each.tokens, .phase = Phase::kPrompt});
      asked.push_back(each.asked);
    }
    const auto scores = (*model)->relevance(runs, asked, {});
    ASSERT_TRUE(scores) << scores.error().message;
    for (std::size_t i = 0; i < golden.size(); ++i) {
      EXPECT_NEAR((*scores)[i], golden[i].score, row->isa == "ref" ? 1e-3 : 0.5)
          << row->isa << ": " << golden[i].question << " " << golden[i].passage;
    }
    asked.front() = static_cast<std::int32_t>(golden.front().tokens.size()) + 1;
    EXPECT_EQ((*model)->relevance(runs, asked, {}).error().code, base::Code::kInvalidArgument);
  }
}

TEST(SeineEmbed, RanksWhatAnswersBeforeWhatDoesNot) {
  base::SystemClock clock;
  base::SystemRandom random;
  base::Metrics metrics;
  auto engine = Engine::load(SEINE_SOURCE_DIR "/models/seine-embed/model.gguf",
                             {.id = "seine-embed", .threads = 2}, {clock, random, metrics}, {}, {});
  ASSERT_TRUE(engine) << engine.error().message;
  LocalEmbedder ranker(*std::move(engine));
  const auto rank = [&](llm::RerankRequest request, const std::stop_token& stop = {}) {
    return answer_of<std::vector<float>>([&](auto done) {
      ranker.rerank(std::move(request), base::Deadline::never(), stop, std::move(done));
    });
  };
  const std::vector<PairCase> golden = read_pair_golden();
  for (std::size_t i = 0; i + 1 < golden.size(); i += 2) {
    const auto scores = rank({.model = "",
                              .query = golden[i].question,
                              .passages = {golden[i + 1].passage, golden[i].passage}});
    ASSERT_TRUE(scores) << scores.error().message;
    EXPECT_GT((*scores)[1], (*scores)[0]) << golden[i].question;
    EXPECT_NEAR((*scores)[1], golden[i].score, 0.5);
  }
  // A question and a passage of any length: what is past the limits is not read.
  const std::string longest(1 << 20, 'x');
  EXPECT_EQ(rank({.model = "", .query = longest, .passages = {longest, ""}}).value().size(), 2U);
  std::stop_source gone;
  gone.request_stop();
  EXPECT_EQ(rank({.model = "", .query = "q", .passages = {"p"}}, gone.get_token()).error().code,
            base::Code::kCancelled);
}

}  // namespace
}  // namespace seine::engine
