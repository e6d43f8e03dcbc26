#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "base/random.h"
#include "engine/sampling/sampler.h"
#include "engine/sampling/stop_matcher.h"

namespace seine::engine {
namespace {

std::vector<double> softmax(const std::vector<float>& logits, double temperature = 1) {
  std::vector<double> p;
  double sum = 0;
  for (const float x : logits) {
    p.push_back(std::exp(x / temperature));
    sum += p.back();
  }
  for (double& x : p) x /= sum;
  return p;
}

// Shares of many draws.
std::map<TokenId, double> shares(const llm::Sampling& sampling, const std::vector<float>& logits,
                                 const TokenMask* mask = nullptr) {
  Sampler sampler(sampling, std::nullopt, 7);
  std::map<TokenId, double> out;
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i) out[sampler.sample(logits, mask).id] += 1.0 / kDraws;
  return out;
}

const std::vector<float> kLogits = {1.0F, 3.0F, 2.0F, 3.0F, -1.0F};

TEST(Sampler, GreedyTakesTheLowestIdAmongEquals) {
  Sampler sampler({.temperature = 0}, std::nullopt, 1);
  EXPECT_EQ(sampler.sample(kLogits, nullptr).id, 1);
  TokenMask mask(5);
  mask.set(0);
  mask.set(4);
  EXPECT_EQ(sampler.sample(kLogits, &mask).id, 0);
}

TEST(Sampler, BadNumbersAreImpossible) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> logits = {nan, -1.0F, nan};
  EXPECT_EQ(argmax(logits, nullptr), 1);
  EXPECT_EQ(shares({}, logits).size(), 1U);
  const std::vector<float> none = {nan, nan};
  Sampler sampler({}, 2, 1);
  EXPECT_EQ(sampler.sample(none, nullptr).id, 0);
}

TEST(Sampler, DrawsFollowTheDistribution) {
  for (const double temperature : {0.5, 1.0, 2.0}) {
    const auto got = shares({.temperature = temperature}, kLogits);
    const auto want = softmax(kLogits, temperature);
    for (TokenId id = 0; id < 5; ++id) {
      const auto at = got.find(id);
      EXPECT_NEAR(at == got.end() ? 0 : at->second, want[static_cast<std::size_t>(id)], 0.015);
    }
  }
}

// The whole vocabulary is drawn from by another way than what a mask leaves of it.
TEST(Sampler, AVocabularyIsDrawnFromAsItsTokensAre) {
  base::SeededRandom random(3);
  std::vector<float> logits(5000);
  for (float& x : logits) x = static_cast<float>(6 * random.uniform() - 3);
  logits[17] = std::numeric_limits<float>::quiet_NaN();
  logits[4999] = 7;
  TokenMask all(5000);
  for (TokenId id = 0; id < 5000; ++id) all.set(id);
  for (const double temperature : {0.3, 1.0, 3.0}) {
    Sampler whole({.temperature = temperature}, std::nullopt, 5);
    Sampler masked({.temperature = temperature}, std::nullopt, 5);
    for (int i = 0; i < 300; ++i)
      EXPECT_EQ(whole.sample(logits, nullptr).id, masked.sample(logits, &all).id);
  }
}

TEST(Sampler, TopPTakesTheLikeliestUpToItsMass) {
  base::SeededRandom random(4);
  std::vector<float> logits(600);
  for (float& x : logits) x = static_cast<float>(12 * random.uniform());
  const std::vector<double> p = softmax(logits);
  for (const double top_p : {0.0, 0.4, 0.9}) {
    std::vector<double> sorted = p;
    std::ranges::sort(sorted, std::greater{});
    double mass = 0;
    std::size_t kept = 0;
    while (mass < top_p) mass += sorted[kept++];
    const double least = sorted[std::max<std::size_t>(kept, 1) - 1];
    for (const auto& [id, share] : shares({.top_p = top_p}, logits))
      EXPECT_GE(p[static_cast<std::size_t>(id)], least * (1 - 1e-6)) << top_p << " " << id;
  }
}

TEST(Sampler, FiltersKeepWhatTheyPromise) {
  EXPECT_EQ(shares({.top_k = 2}, kLogits).size(), 2U);    // the two 3.0
  EXPECT_EQ(shares({.top_p = 0.5}, kLogits).size(), 2U);  // 0.41 + 0.41
  EXPECT_EQ(shares({.top_p = 0.0}, kLogits).size(), 1U);
  EXPECT_EQ(shares({.min_p = 0.3}, kLogits).size(), 3U);  // e^-1 = 0.37 of the best stays
  EXPECT_EQ(shares({.typical_p = 0.01}, kLogits).size(), 1U);
  TokenMask mask(5);
  mask.set(4);
  EXPECT_EQ(shares({}, kLogits, &mask).begin()->first, 4);
}

TEST(Sampler, PenaltiesAndBiasMoveTheChoice) {
  Sampler presence({.temperature = 0, .presence_penalty = 1.5}, std::nullopt, 1);
  EXPECT_EQ(presence.sample(kLogits, nullptr).id, 1);
  EXPECT_EQ(presence.sample(kLogits, nullptr).id, 3);
  EXPECT_EQ(presence.sample(kLogits, nullptr).id, 2);
  Sampler frequency({.temperature = 0, .frequency_penalty = 0.6}, std::nullopt, 1);
  EXPECT_EQ(frequency.sample(kLogits, nullptr).id, 1);
  EXPECT_EQ(frequency.sample(kLogits, nullptr).id, 3);
  EXPECT_EQ(frequency.sample(kLogits, nullptr).id, 1);
  Sampler repetition({.temperature = 0, .repetition_penalty = 2}, std::nullopt, 1);
  const std::vector<TokenId> prompt = {1};
  repetition.see_prompt(prompt);
  EXPECT_EQ(repetition.sample(kLogits, nullptr).id, 3);
  Sampler bias({.temperature = 0, .logit_bias = {{1, -100.0}, {4, 10.0}}}, std::nullopt, 1);
  EXPECT_EQ(bias.sample(kLogits, nullptr).id, 4);
}

TEST(Sampler, SeedsRepeat) {
  Sampler a({}, std::nullopt, 42);
  Sampler b({}, std::nullopt, 42);
  Sampler c({}, std::nullopt, 43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const TokenId x = a.sample(kLogits, nullptr).id;
    EXPECT_EQ(x, b.sample(kLogits, nullptr).id);
    differs |= x != c.sample(kLogits, nullptr).id;
  }
  EXPECT_TRUE(differs);
}

TEST(Sampler, LogprobsAreTheModelsOwn) {
  Sampler sampler({.temperature = 0, .logit_bias = {{2, 50.0}}}, 3, 1);
  const Sampled out = sampler.sample(kLogits, nullptr);
  const auto p = softmax(kLogits);
  EXPECT_EQ(out.id, 2);
  EXPECT_NEAR(out.logprob, std::log(p[2]), 1e-6);
  ASSERT_EQ(out.top.size(), 3U);
  EXPECT_EQ(out.top[0].first, 1);
  EXPECT_EQ(out.top[1].first, 3);
  EXPECT_EQ(out.top[2].first, 2);
  EXPECT_NEAR(out.top[0].second, std::log(p[1]), 1e-6);
}

TEST(Sampler, RefusesSettingsOutOfRange) {
  EXPECT_TRUE(Sampler::check({}, std::nullopt, 10));
  EXPECT_EQ(Sampler::check({.top_p = 1.5}, std::nullopt, 10).error().field, "top_p");
  EXPECT_EQ(Sampler::check({.temperature = std::nan("")}, std::nullopt, 10).error().field,
            "temperature");
  EXPECT_EQ(Sampler::check({}, 21, 10).error().field, "top_logprobs");
  EXPECT_EQ(Sampler::check({.logit_bias = {{10, 1.0}}}, std::nullopt, 10).error().message,
            "logit_bias names token 10, the model has tokens 0 to 9");
}

TEST(StopMatcher, CutsAtTheFirstStopHoweverItIsSplit) {
  const std::string text = "one two END three STOP";
  for (std::size_t step = 1; step < text.size(); ++step) {
    StopMatcher matcher({"STOP", "END", ""});
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += step)
      out += matcher.push(text.substr(at, step));
    out += matcher.finish();
    EXPECT_EQ(out, "one two ") << step;
    EXPECT_TRUE(matcher.stopped());
  }
}

TEST(StopMatcher, NamesTheStopThatWasWholeFirstHoweverTheTextIsCut) {
  const std::string text = "to be or not to be";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    StopMatcher matcher({"not to", "r", "be or", "to be or not"});
    EXPECT_EQ(matcher.stop(), "");
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += step)
      out += matcher.push(text.substr(at, step));
    EXPECT_EQ(out, "to ") << step;
    EXPECT_EQ(matcher.stop(), "be or") << step;
  }
}

TEST(StopMatcher, GivesBackWhatOnlyLookedLikeAStop) {
  StopMatcher matcher({"aab"});
  EXPECT_EQ(matcher.push("aa"), "");
  EXPECT_EQ(matcher.push("a"), "a");
  EXPECT_EQ(matcher.finish(), "aa");
  EXPECT_FALSE(matcher.stopped());
}

}  // namespace
}  // namespace seine::engine
