// Every architecture against the answers of tests/golden (make_small.py): logits at the end of each
// prompt within 1e-3 in both phases and 64 greedy steps the same, on the plain kernels; prompts in
// chunks and in company give the same bits on every row of kernels.
#include <gtest/gtest.h>

#include <cstdio>

#include "engine/model/encoder.h"
#include "engine/model/golden_case.h"
#include "engine/model/test_session.h"

namespace seine::engine {
namespace {

constexpr ModelSettings kSettings{.batch_rows = 128, .logit_rows = 128};

class Golden : public testing::TestWithParam<const char*> {};

TEST_P(Golden, LogitsAndGreedyTextAreTheReferences) {
  const GoldenCheckpoint golden(SEINE_SOURCE_DIR, GetParam());
  ASSERT_NE(golden.file, nullptr);
  TestSession session(golden.file, "ref", kSettings);
  ASSERT_TRUE(session.ok());
  double worst = 0;
  for (const base::Json& entry : golden.golden["prompts"]) {
    const std::vector<TokenId> prompt = golden.prompt(entry);
    for (const Phase phase : {Phase::kPrompt, Phase::kDecode}) {
      worst = std::max(
          worst, largest_difference(session.prefill(prompt, 128, 0, phase), entry["last_logits"]));
    }
    if (!entry.contains("greedy")) continue;
    EXPECT_EQ(session.greedy(prompt, 64), entry["greedy"].get<std::vector<TokenId>>());
  }
  EXPECT_LE(worst, 1e-3);
  std::printf("%s: largest difference of a logit %.1e\n", GetParam(), worst);
}

TEST_P(Golden, ChunksAndCompanyChangeNoBit) {
  const GoldenCheckpoint golden(SEINE_SOURCE_DIR, GetParam());
  ASSERT_NE(golden.file, nullptr);
  const std::vector<TokenId> prompt = golden.prompt(golden.golden["prompts"][3]);
  for (const Kernels* row : available_kernels()) {
    TestSession session(golden.file, row->isa, kSettings, 2, KvType::kF16);
    ASSERT_TRUE(session.ok());
    for (const Phase phase : {Phase::kDecode, Phase::kPrompt}) {
      const auto whole = session.prefill(prompt, 128, 0, phase);
      EXPECT_EQ(session.prefill(prompt, 1, 1, phase), whole) << row->isa;
      EXPECT_EQ(session.prefill(prompt, 37, 2, phase), whole) << row->isa;
      const auto blocks = session.table(1);
      const auto others = session.table(3);
      const std::span<const TokenId> end = std::span(prompt).subspan(90);
      const auto rows = static_cast<std::int32_t>(end.size());
      // Company of the other phase: what decodes comes first.
      const TokenRun own{.tokens = end, .first_position = 90, .blocks = blocks, .phase = phase};
      const TokenRun other{.tokens = {prompt.data(), 29},
                           .first_position = 0,
                           .blocks = others,
                           .phase = phase == Phase::kDecode ? Phase::kPrompt : Phase::kDecode};
      const bool own_first = phase == Phase::kDecode;
      const TokenRun runs[] = {own_first ? own : other, own_first ? other : own};
      const std::int32_t wanted[] = {own_first ? rows - 1 : 29 + rows - 1};
      const auto result =
          session.model().forward({.runs = runs, .logit_rows = wanted}, session.kv());
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_EQ(std::vector<float>(result->logits.begin(), result->logits.end()), whole)
          << row->isa;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, Golden, kGoldenDecoders,
                         [](const auto& each) { return std::string(each.param); });

TEST(GoldenMtp, PredictsTheTokenAfterNext) {
  const GoldenCheckpoint golden(SEINE_SOURCE_DIR, "deepseek_v3");
  ASSERT_NE(golden.file, nullptr);
  TestSession session(golden.file, "ref", kSettings);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session.model().facts().mtp_depth, 1);
  const std::vector<TokenId> prompt = golden.prompt(golden.golden["prompts"][2]);
  const auto blocks = session.table(0);
  const TokenRun run{
      .tokens = prompt, .first_position = 0, .blocks = blocks, .phase = Phase::kDecode};
  const auto states =
      session.model().forward({.runs = {&run, 1}, .want_hidden = true}, session.kv());
  ASSERT_TRUE(states) << states.error().message;
  const auto width = static_cast<std::size_t>(session.model().facts().width);
  ASSERT_EQ(states->hidden.size(), prompt.size() * width);
  const std::span<const TokenId> next = std::span(prompt).subspan(1);
  const TokenRun shifted{
      .tokens = next, .first_position = 0, .blocks = blocks, .phase = Phase::kDecode};
  const std::int32_t wanted[] = {static_cast<std::int32_t>(next.size()) - 1};
  const auto guess =
      session.model().forward_mtp({.runs = {&shifted, 1}, .logit_rows = wanted}, 0,
                                  states->hidden.first(next.size() * width), session.kv());
  ASSERT_TRUE(guess) << guess.error().message;
  const std::vector<float> logits(guess->logits.begin(), guess->logits.end());
  EXPECT_LE(largest_difference(logits, golden.golden["mtp_logits"]), 1e-3);
  EXPECT_FALSE(session.model().forward_mtp({.runs = {&shifted, 1}}, 1, {}, session.kv()));
  EXPECT_FALSE(session.model().forward_mtp({.runs = {&shifted, 1}}, 0, {}, session.kv()));
}

TEST(GoldenBert, StatesAndMeansAreTheReferences) {
  const GoldenCheckpoint golden(SEINE_SOURCE_DIR, "bert");
  ASSERT_NE(golden.file, nullptr);
  ThreadPool pool(2);
  ModelSettings settings = kSettings;
  settings.kernels = kernels_of("ref").value();
  const auto model = load_model(golden.file, pool, settings);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_TRUE((*model)->facts().is_encoder);
  std::vector<std::vector<TokenId>> prompts;
  for (const base::Json& entry : golden.golden["prompts"]) prompts.push_back(golden.prompt(entry));
  // All but the longest together, then that one alone.
  std::vector<TokenRun> runs;
  for (const auto& prompt : prompts) runs.push_back({.tokens = prompt, .phase = Phase::kPrompt});
  const auto width = static_cast<std::size_t>((*model)->facts().width);
  const auto check = [&](std::size_t first, std::size_t count) {
    const auto means = (*model)->embed(std::span(runs).subspan(first, count), {});
    ASSERT_TRUE(means) << means.error().message;
    for (std::size_t i = 0; i < count; ++i) {
      const auto one = means->subspan(i * width, width);
      EXPECT_LE(
          largest_difference({one.begin(), one.end()}, golden.golden["prompts"][first + i]["mean"]),
          1e-4);
    }
  };
  check(0, 3);
  check(3, 1);
  EXPECT_FALSE((*model)->embed(runs, {}));  // 148 rows
}

}  // namespace
}  // namespace seine::engine
