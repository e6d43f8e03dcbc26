// The shipped embedder against PyTorch (tests/golden/make_seine_embed.py): tokens, vectors of the
// plain kernels, and that the fast ones point the same way.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/json.h"
#include "engine/engine.h"
#include "engine/formats/mapped_file.h"
#include "engine/model/test_session.h"

namespace seine::engine {
namespace {

struct EmbedCase {
  std::string text;
  std::vector<TokenId> tokens;
  std::vector<float> mean;
};

std::vector<EmbedCase> read_embed_golden() {
  const auto text = read_text_file(SEINE_SOURCE_DIR "/tests/golden/seine_embed.json", 1 << 20);
  const base::Json json = base::parse_json(text.value()).value();
  std::vector<EmbedCase> out;
  for (const base::Json& each : json) {
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

}  // namespace
}  // namespace seine::engine
