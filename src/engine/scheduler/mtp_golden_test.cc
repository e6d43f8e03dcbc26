// The tiny V3 checkpoint with its module of multi-token prediction, through the scheduler: the text
// is the reference's, and the module's guesses are those that it makes when asked directly.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "engine/formats/test_dir.h"
#include "engine/model/golden_checkpoint.h"
#include "engine/model/registry.h"
#include "engine/scheduler/core.h"

namespace seine::engine {
namespace {

struct Heard {
  std::vector<TokenId> tokens;
  std::vector<std::pair<std::size_t, TokenId>> guesses;  // and how many tokens were there
  TaskStats stats;
  bool ended = false;
};

// Takes the likeliest token, and notes what was guessed.
class Listener final : public Decoder {
 public:
  Listener(Heard& heard, std::size_t count) : heard_(heard), count_(count) {}

  Decision decide(std::span<const LaneLogits> lanes) override {
    const LaneLogits& lane = lanes[0];
    const std::size_t width = lane.logits.size() / (1 + lane.drafts.size());
    if (lane.drafts.size() == 1) heard_.guesses.emplace_back(heard_.tokens.size(), lane.drafts[0]);
    Decision out;
    Continuation next;
    for (std::size_t row = 0; heard_.tokens.size() < count_; ++row) {
      const auto logits = lane.logits.subspan(row * width, width);
      const auto id = static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
      next.tokens.push_back(id);
      heard_.tokens.push_back(id);
      if (row == lane.drafts.size() || lane.drafts[row] != id) break;
    }
    out.done = heard_.tokens.size() == count_;
    out.lanes.push_back(std::move(next));
    return out;
  }
  void finish(std::optional<base::Error> error, const TaskStats& stats) override {
    EXPECT_FALSE(error);
    heard_.stats = stats;
    heard_.ended = true;
  }

 private:
  Heard& heard_;
  const std::size_t count_;
};

class MtpGolden : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path path =
        std::filesystem::path(SEINE_SOURCE_DIR) / "tests/golden/deepseek_v3.json";
    golden_ = base::parse_json(read_text_file(path, 1 << 20).value()).value();
    golden::write_checkpoint(golden_, directory_.path());
    const auto file = ModelFile::open(directory_.path()).value();
    auto model =
        load_model(file, threads_,
                   {.batch_rows = 128, .logit_rows = 16, .kernels = kernels_of("ref").value()});
    ASSERT_TRUE(model) << model.error().message;
    model_ = *std::move(model);
  }

  Heard run(const std::vector<TokenId>& prompt, std::size_t count, SchedulerSettings settings) {
    KvStorage kv = KvStorage::create(model_->kv_layout(KvType::kF32).value(), 64).value();
    base::Metrics metrics;
    WorkPool pool(0);
    SchedulerCore core(*model_, kv, pool, clock_, SchedulerMetrics::in(metrics, "v3"), settings);
    Heard heard;
    TaskSpec spec{.prompt = prompt, .tokens_max = static_cast<std::uint32_t>(count)};
    spec.speculate = true;
    spec.decoder = std::make_unique<Listener>(heard, count);
    core.submit(std::move(spec));
    while (core.step({})) {
      const auto whole = core.check_integrity();
      EXPECT_TRUE(whole) << whole.error().message;
    }
    EXPECT_TRUE(heard.ended);
    return heard;
  }

  // What the module says after `tokens`, the last of which the model has not read yet.
  TokenId foresee(std::span<const TokenId> tokens) {
    KvStorage kv = KvStorage::create(model_->kv_layout(KvType::kF32).value(), 64).value();
    std::vector<KvBlockId> blocks(64);
    for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = static_cast<KvBlockId>(i);
    const std::size_t rows = tokens.size() - 1;
    const TokenRun run{.tokens = tokens.first(rows),
                       .first_position = 0,
                       .blocks = blocks,
                       .phase = Phase::kDecode};
    const auto states = model_->forward({.runs = {&run, 1}, .want_hidden = true}, kv).value();
    const TokenRun shifted{.tokens = tokens.last(rows),
                           .first_position = 0,
                           .blocks = blocks,
                           .phase = Phase::kDecode};
    const std::int32_t wanted[] = {static_cast<std::int32_t>(rows) - 1};
    const auto guess =
        model_->forward_mtp({.runs = {&shifted, 1}, .logit_rows = wanted}, 0, states.hidden, kv)
            .value();
    return static_cast<TokenId>(std::ranges::max_element(guess.logits) - guess.logits.begin());
  }

  TestDir directory_;
  base::Json golden_;
  ThreadPool threads_{2};
  base::ManualClock clock_;
  std::unique_ptr<Model> model_;
};

TEST_F(MtpGolden, TheTextIsTheReferenceAndTheGuessesAreTheModules) {
  for (const base::Json& entry : golden_["prompts"]) {
    if (!entry.contains("greedy")) continue;
    const auto prompt = golden::prompt(entry["length"].get<std::size_t>(),
                                       golden_["config"]["vocab_size"].get<std::uint64_t>());
    const auto greedy = entry["greedy"].get<std::vector<TokenId>>();
    for (const std::int32_t chunk : {5, 128}) {
      const Heard heard =
          run(prompt, greedy.size(), {.chunk_tokens = chunk, .prefix_cache = false});
      EXPECT_EQ(heard.tokens, greedy);
      EXPECT_GT(heard.stats.predicted_tokens, 0U);
      EXPECT_EQ(heard.stats.steps + heard.stats.accepted_tokens, greedy.size());
      std::vector<TokenId> all = prompt;
      all.insert(all.end(), greedy.begin(), greedy.end());
      std::size_t same = 0;
      for (std::size_t i = 0; i < std::min<std::size_t>(heard.guesses.size(), 6); ++i) {
        const auto& [count, guess] = heard.guesses[i];
        same += foresee(std::span(all).first(prompt.size() + count)) == guess ? 1 : 0;
      }
      // One that the context offers may stand in between.
      EXPECT_GE(same, std::min<std::size_t>(heard.stats.predicted_tokens, 4U));
    }
    const Heard plain = run(prompt, greedy.size(), {.prefix_cache = false, .mtp = false});
    EXPECT_EQ(plain.tokens, greedy);
    EXPECT_EQ(plain.stats.predicted_tokens, 0U);
  }
}

}  // namespace
}  // namespace seine::engine
