#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
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

// The plain reference of a selection: all sorted, as its definition says. Probabilities of a set
// are those of a sampler that selects nothing, over a mask of that set.
class PlainSelection {
 public:
  PlainSelection(const std::vector<float>& logits, double temperature)
      : logits_(logits), sampler_({.temperature = temperature}, std::nullopt, 1) {}

  using Choices = std::vector<std::pair<TokenId, double>>;

  Choices among(const std::vector<TokenId>& ids) {
    TokenMask mask(logits_.size());
    for (const TokenId id : ids) mask.set(id);
    return sampler_.choices(logits_, &mask);
  }
  template <typename Before>
  static void sort_by(Choices& all, Before before) {
    std::ranges::sort(all, [&](const auto& a, const auto& b) {
      return before(a, b) || (!before(b, a) && a.first < b.first);
    });
  }
  // The first by `before`, ids among equals, until their probabilities come to `mass`.
  template <typename Before>
  Choices first_of(Choices all, double mass, Before before) {
    sort_by(all, before);
    const auto units = [](double p) { return static_cast<std::uint64_t>(std::ldexp(p, 53)); };
    const std::uint64_t wanted = std::max<std::uint64_t>(units(mass), 1);
    std::uint64_t sum = 0;
    std::vector<TokenId> kept;
    for (std::size_t i = 0; i < all.size() && sum < wanted; ++i) {
      kept.push_back(all[i].first);
      sum += units(all[i].second);
    }
    return among(kept);
  }
  Choices select(const llm::Sampling& s, const TokenMask& mask) {
    std::vector<TokenId> ids;
    mask.for_each([&](TokenId id) { ids.push_back(id); });
    Choices now = among(ids);
    if (s.top_k > 0 && s.top_k < now.size()) {
      sort_by(now, [&](const auto& a, const auto& b) {
        return logits_[static_cast<std::size_t>(a.first)] >
               logits_[static_cast<std::size_t>(b.first)];
      });
      ids.clear();
      for (std::size_t i = 0; i < s.top_k; ++i) ids.push_back(now[i].first);
      now = among(ids);
    }
    if (s.typical_p < 1) {
      double entropy = 0;
      for (const auto& [id, p] : now)
        if (p > 0) entropy -= p * std::log(p);
      const auto distance = [&](double p) {
        return p > 0 ? std::abs(-std::log(p) - entropy) : std::numeric_limits<double>::infinity();
      };
      now = first_of(now, s.typical_p, [&](const auto& a, const auto& b) {
        return distance(a.second) < distance(b.second);
      });
    }
    if (s.top_p < 1) {
      now =
          first_of(now, s.top_p, [](const auto& a, const auto& b) { return a.second > b.second; });
    }
    if (s.min_p > 0) {
      double high = 0;
      for (const auto& [id, p] : now) high = std::max(high, p);
      ids.clear();
      for (const auto& [id, p] : now)
        if (p >= high * s.min_p) ids.push_back(id);
      now = among(ids);
    }
    return now;
  }

 private:
  const std::vector<float>& logits_;
  Sampler sampler_;
};

// Flat, peaked, tied, wide, with zeros of both signs and numbers that are none.
std::vector<float> some_logits(base::SeededRandom& random) {
  std::vector<float> out(1 + random.below(3000));
  const auto kind = random.below(6);
  const double spread = std::pow(10, 3 * random.uniform() - 2);
  for (float& x : out) {
    const double u = random.uniform();
    if (kind == 0) x = 0.5F;
    if (kind == 1) x = static_cast<float>(spread * u);
    if (kind == 2) x = static_cast<float>(random.below(4)) - 2;
    if (kind == 3) x = static_cast<float>(-spread * std::log(1e-9 + u));
    if (kind == 4) x = static_cast<float>(spread * (u + random.uniform() + random.uniform() - 1.5));
    if (kind == 5) x = random.below(2) == 0 ? -0.0F : 0.0F;
    if (random.below(50) == 0) x = std::numeric_limits<float>::quiet_NaN();
    if (random.below(50) == 0) x = -std::numeric_limits<float>::infinity();
  }
  if (random.below(2) == 0) out[random.below(out.size())] = static_cast<float>(3 * spread);
  return out;
}

TEST(Sampler, SelectionsAreThoseOfSorting) {
  base::SeededRandom random(11);
  for (int round = 0; round < 1500; ++round) {
    const std::vector<float> logits = some_logits(random);
    TokenMask mask(logits.size());
    const auto share = random.below(3);
    for (std::size_t id = 0; id < logits.size(); ++id)
      if (share == 0 || random.below(share + 1) == 0) mask.set(static_cast<TokenId>(id));
    llm::Sampling s;
    s.temperature = 0.2 + 2 * random.uniform();
    if (random.below(2) == 0) s.top_k = 1 + static_cast<std::uint32_t>(random.below(2000));
    if (random.below(2) == 0) s.top_p = random.below(8) == 0 ? 0 : random.uniform();
    if (random.below(3) == 0) s.typical_p = random.uniform();
    if (random.below(3) == 0) s.min_p = random.uniform();
    Sampler sampler(s, std::nullopt, 1);
    ASSERT_EQ(sampler.choices(logits, &mask), PlainSelection(logits, s.temperature).select(s, mask))
        << "round " << round << ", " << logits.size() << " logits, top_k " << s.top_k << ", top_p "
        << s.top_p << ", typical_p " << s.typical_p << ", min_p " << s.min_p;
    if (share == 0) ASSERT_EQ(sampler.choices(logits, nullptr), sampler.choices(logits, &mask));
  }
}

TEST(Sampler, AlmostNoTemperatureIsTheMaximum) {
  Sampler sampler({.temperature = 1e-300, .top_p = 0.9}, std::nullopt, 1);
  const std::vector<float> logits = {0.0F, -1.0F, 2.0F, 1.0F};
  EXPECT_EQ(sampler.sample(logits, nullptr).id, 2);
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
