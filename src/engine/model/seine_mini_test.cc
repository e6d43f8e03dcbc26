// The shipped model against PyTorch (tests/golden/make_seine_mini.py): logits and greedy text of
// the plain kernels, the divergence of the fast ones, and the promise that chunks and company
// change no bit.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "base/json.h"
#include "engine/formats/mapped_file.h"
#include "engine/model/test_session.h"

namespace seine::engine {
namespace {

struct GoldenCase {
  std::vector<TokenId> prompt;
  std::size_t stride = 1;
  std::vector<float> logits;
  double log_sum = 0;
  std::vector<TokenId> greedy;
};

std::vector<GoldenCase> read_mini_golden() {
  const auto text = read_text_file(SEINE_SOURCE_DIR "/tests/golden/seine_mini.json", 1 << 20);
  const base::Json json = base::parse_json(text.value()).value();
  std::vector<GoldenCase> out;
  for (const base::Json& each : json) {
    GoldenCase golden;
    golden.prompt = each["prompt"].get<std::vector<TokenId>>();
    golden.stride = each["stride"].get<std::size_t>();
    golden.logits = each["logits"].get<std::vector<float>>();
    golden.log_sum = each["log_sum"].get<double>();
    golden.greedy = each["greedy"].get<std::vector<TokenId>>();
    out.push_back(std::move(golden));
  }
  return out;
}

std::shared_ptr<const ModelFile> mini_file() {
  static const auto file =
      ModelFile::open(SEINE_SOURCE_DIR "/models/seine-mini/model.gguf").value();
  return file;
}

constexpr ModelSettings kMiniSettings{.batch_rows = 96, .logit_rows = 96};

double log_sum(const std::vector<float>& logits) {
  double sum = 0;
  for (const float v : logits) sum += std::exp(double{v});
  return std::log(sum);
}

TEST(SeineMini, PlainKernelsGiveTheReferencesLogitsAndText) {
  TestSession session(mini_file(), "ref", kMiniSettings);
  ASSERT_TRUE(session.ok());
  double worst = 0;
  for (const GoldenCase& golden : read_mini_golden()) {
    if (golden.prompt.size() > 100) continue;  // the fast rows read the long one
    for (const Phase phase : {Phase::kPrompt, Phase::kDecode}) {
      if (phase == Phase::kPrompt && golden.prompt.size() > 40) continue;
      const auto logits = session.prefill(golden.prompt, 96, 0, phase);
      for (std::size_t i = 0; i < golden.logits.size(); ++i) {
        worst = std::max(worst, std::fabs(double{logits[i * golden.stride]} - golden.logits[i]));
      }
      EXPECT_NEAR(log_sum(logits), golden.log_sum, 1e-3);
    }
    const int steps = golden.prompt.size() == 17 ? 64 : 4;
    const auto text = session.greedy(golden.prompt, steps);
    EXPECT_TRUE(std::equal(text.begin(), text.end(), golden.greedy.begin()));
  }
  EXPECT_LE(worst, 1e-3);
  std::printf("largest difference of a logit: %.2e\n", worst);
}

// The two questions over passages, the text that the model was made for.
std::vector<std::vector<TokenId>> reading_prompts() {
  std::vector<std::vector<TokenId>> out;
  for (GoldenCase& golden : read_mini_golden()) out.push_back(std::move(golden.prompt));
  out.erase(out.begin(), out.end() - 2);
  return out;
}

TEST(SeineMini, FastKernelsStayCloseOnWhatTheyRead) {
  const auto prompts = reading_prompts();
  TestSession plain(mini_file(), "ref", kMiniSettings);
  ASSERT_TRUE(plain.ok());
  std::vector<std::vector<float>> wanted;
  for (const auto& prompt : prompts) wanted.push_back(plain.run(prompt, 0, 0, true));
  for (const Kernels* row : available_kernels()) {
    if (row->isa == "ref") continue;
    TestSession session(mini_file(), row->isa, kMiniSettings);
    ASSERT_TRUE(session.ok());
    for (const Phase phase : {Phase::kDecode, Phase::kPrompt}) {
      std::vector<double> divergences;
      int same = 0;
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        const auto got = session.run(prompts[i], 0, 0, true, phase);
        const auto vocabulary = static_cast<std::size_t>(session.model().facts().vocabulary);
        for (std::size_t at = 0; at < got.size(); at += vocabulary) {
          const std::span<const float> p(wanted[i].data() + at, vocabulary);
          const std::span<const float> q(got.data() + at, vocabulary);
          divergences.push_back(kl_divergence(p, q));
          same += std::max_element(p.begin(), p.end()) - p.begin() ==
                  std::max_element(q.begin(), q.end()) - q.begin();
        }
      }
      const double mean = std::accumulate(divergences.begin(), divergences.end(), 0.0) /
                          static_cast<double>(divergences.size());
      std::sort(divergences.begin(), divergences.end());
      std::printf("%s, %s: KL mean %.1e, median %.1e, most %.1e; same first token %d of %zu\n",
                  std::string(row->isa).c_str(), phase == Phase::kPrompt ? "prompt" : "decode",
                  mean, divergences[divergences.size() / 2], divergences.back(), same,
                  divergences.size());
      // Random ids, far from anything the model was made for, gave 9e-3 (AVX-512 and AVX2,
      // activations in int8 per 32): a fault in a kernel gives tenths.
      EXPECT_LE(mean, 3e-2) << row->isa;
    }
  }
}

class SeineMiniRow : public testing::TestWithParam<std::string_view> {};

TEST_P(SeineMiniRow, ChunksAndCompanyChangeNoBit) {
  if (!kernels_of(GetParam())) GTEST_SKIP() << "this processor cannot run " << GetParam();
  // The plain kernels take seconds where the others take tenths: half the prompt, one type.
  const bool is_plain = GetParam() == "ref";
  for (const KvType type : {KvType::kQ8, KvType::kF16}) {
    if (is_plain && type == KvType::kF16) continue;
    TestSession session(mini_file(), GetParam(), kMiniSettings, 2, type);
    ASSERT_TRUE(session.ok());
    GoldenCase golden = read_mini_golden()[2];
    if (is_plain) golden.prompt.resize(35);
    for (const Phase phase : {Phase::kDecode, Phase::kPrompt}) {
      const auto whole = session.prefill(golden.prompt, 96, 0, phase);
      EXPECT_EQ(session.prefill(golden.prompt, 7, 1, phase), whole);
      EXPECT_EQ(session.prefill(golden.prompt, 33, 2, phase), whole);

      // The last 20 tokens of sequence 1 once more, beside a decode row and a prompt of others.
      const auto split = static_cast<std::ptrdiff_t>(golden.prompt.size() - 20);
      const std::span<const TokenId> tail(golden.prompt.begin() + split, golden.prompt.end());
      const std::vector<TokenId> other(golden.prompt.rbegin(), golden.prompt.rbegin() + 30);
      const auto blocks0 = session.table(3);
      const auto blocks1 = session.table(1);
      const auto blocks2 = session.table(2);
      const TokenRun runs[] = {
          {.tokens = {other.data(), 1},
           .first_position = 70,
           .blocks = blocks2,
           .phase = Phase::kDecode},
          {.tokens = tail,
           .first_position = static_cast<std::int32_t>(split),
           .blocks = blocks1,
           .phase = phase},
          {.tokens = other, .first_position = 0, .blocks = blocks0, .phase = Phase::kPrompt}};
      const std::int32_t wanted[] = {20};  // 1 + 20 rows, the last of them
      const auto result =
          session.model().forward({.runs = runs, .logit_rows = wanted}, session.kv());
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_EQ(std::vector<float>(result->logits.begin(), result->logits.end()), whole);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, SeineMiniRow, testing::Values("ref", "avx2", "avx512vnni", "amx"));

TEST(SeineMini, BadBatchesAreErrorsThatNameTheLimit) {
  TestSession session(mini_file(), "ref", kMiniSettings);
  ASSERT_TRUE(session.ok());
  const auto blocks = session.table(0);
  const TokenId good[] = {70, 71, 72};
  const TokenId bad[] = {70, 16384};
  const auto message = [&](const TokenRun& run, std::vector<std::int32_t> rows) {
    const auto result =
        session.model().forward({.runs = {&run, 1}, .logit_rows = rows}, session.kv());
    return result ? std::string() : result.error().message;
  };
  EXPECT_NE(message({bad, 0, blocks, Phase::kDecode}, {}).find("16384"), std::string::npos);
  EXPECT_NE(message({good, 2046, blocks, Phase::kDecode}, {}).find("2048"), std::string::npos);
  EXPECT_NE(message({good, 126, std::span(blocks).first(2), Phase::kDecode}, {}).find("needs 3"),
            std::string::npos);
  EXPECT_NE(message({good, 0, blocks, Phase::kDecode}, {3}).find("3 rows"), std::string::npos);
  EXPECT_NE(message({good, 0, blocks, Phase::kDecode}, {1, 1}).find("row 1"), std::string::npos);
  const std::vector<TokenId> many(97, 70);
  EXPECT_NE(message({many, 0, blocks, Phase::kDecode}, {}).find("limit is 96"), std::string::npos);
  EXPECT_EQ(message({good, 0, blocks, Phase::kDecode}, {0, 2}), "");

  std::stop_source stop;
  stop.request_stop();
  const TokenRun run{good, 0, blocks, Phase::kDecode};
  const auto cancelled =
      session.model().forward({.runs = {&run, 1}, .stop = stop.get_token()}, session.kv());
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, base::Code::kCancelled);
}

// The copy of the weights for few rows is left out where the file alone is asked for, or where
// memory ends; nothing else changes.
TEST(SeineMini, ACopyOfTheWeightsChangesNoBit) {
  ModelSettings settings = kMiniSettings;
  settings.kernels = &kernels();
  if (!settings.kernels->reads_interleaved) GTEST_SKIP() << "plain kernels make no copy";
  const MemoryEstimate with = estimate_memory(*mini_file(), settings).value();
  EXPECT_GT(with.copies, mini_file()->tensor_bytes() / 4);
  EXPECT_LE(with.copies, mini_file()->tensor_bytes() * 5 / 4);
  settings.memory_limit = with.total() - 1;
  EXPECT_EQ(estimate_memory(*mini_file(), settings)->copies, 0U);
  EXPECT_EQ(estimate_memory(*mini_file(), settings)->total(), with.total() - with.copies);
  settings.weights = WeightLayout::kFile;
  settings.memory_limit = 0;
  EXPECT_EQ(estimate_memory(*mini_file(), settings)->copies, 0U);

  TestSession copied(mini_file(), kernels().isa, kMiniSettings);
  TestSession plain(mini_file(), kernels().isa, settings);
  ASSERT_TRUE(copied.ok() && plain.ok());
  const std::vector<TokenId> prompt = reading_prompts().front();
  EXPECT_TRUE(copied.run(prompt, 0, 0) == plain.run(prompt, 0, 0));
  EXPECT_EQ(copied.greedy(prompt, 8), plain.greedy(prompt, 8));
  EXPECT_TRUE(copied.run({prompt.data(), 3}, 0, 1) == plain.run({prompt.data(), 3}, 0, 1));
}

TEST(SeineMini, ACopyIsCancelledFromItsProgress) {
  ThreadPool pool(1);
  if (!kernels().reads_interleaved) GTEST_SKIP() << "plain kernels make no copy";
  const auto stopped = load_model(mini_file(), pool, kMiniSettings,
                                  [](std::uint64_t, std::uint64_t total) { return total == 0; });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, base::Code::kCancelled);
}

TEST(SeineMini, WhatDoesNotFitIsRefusedWithNumbers) {
  ThreadPool pool(1);
  const auto estimate = estimate_memory(*mini_file(), {.kv_tokens = 2048});
  ASSERT_TRUE(estimate) << estimate.error().message;
  EXPECT_EQ(estimate->weights, mini_file()->tensor_bytes());
  EXPECT_EQ(estimate->kv_token, 10u * 160 * 2);
  EXPECT_EQ(estimate->kv_cache, 2048u * 10 * 160 * 2);
  const auto refused = load_model(mini_file(), pool, {.memory_limit = 20 << 20});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kResourceExhausted);
  EXPECT_NE(refused.error().message.find("20 MiB are there"), std::string::npos);
  const auto too_long = load_model(mini_file(), pool, {.context = 4096});
  ASSERT_FALSE(too_long);
  EXPECT_NE(too_long.error().message.find("2048"), std::string::npos);
}

}  // namespace
}  // namespace seine::engine
