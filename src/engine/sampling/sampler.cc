#include "engine/sampling/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace seine::engine {
namespace {

using base::Code;
using base::Result;

constexpr float kNever = -std::numeric_limits<float>::infinity();

// A bias of -100 bans, as the dialects promise; no model's logits lie that far apart otherwise.
constexpr double kBan = -100;

Result<> in_range(std::string_view field, double value, double low, double high) {
  if (value >= low && value <= high) return {};
  return base::fail_field(Code::kInvalidArgument, field, "{} is {}, it must be in [{}, {}]", field,
                          value, low, high);
}

float sane(float logit) {
  return std::isnan(logit) ? kNever : logit;
}

// exp(x) for x <= 0 within 2^-21 of it, 0 below -87. Plain arithmetic, of which loops over a
// vocabulary become vectors; std::exp takes most of the time of a draw.
float weight_of(float x) {
  constexpr float kRound = 12'582'912;  // 1.5 * 2^23: adding it rounds to an integer
  const float t = std::max(x, -87.0F) * 1.442695041F;
  const float whole = t + kRound - kRound;
  const float f = t - whole;  // 2^f by its Taylor series, f in [-0.5, 0.5]
  float p = 1.54035304e-4F;
  p = p * f + 1.33335581e-3F;
  p = p * f + 9.61812911e-3F;
  p = p * f + 5.55041087e-2F;
  p = p * f + 2.40226507e-1F;
  p = p * f + 6.93147181e-1F;
  p = p * f + 1;
  const auto exponent = static_cast<std::uint32_t>(static_cast<std::int32_t>(whole) + 127) << 23U;
  return x >= -87 ? p * std::bit_cast<float>(exponent) : 0;
}

// Tokens whose weights are added up together: a draw looks through one such stretch.
constexpr std::size_t kStretch = 1024;

// Probabilities as integers, whose sums do not hang on the order in which they are made.
std::uint64_t units(double probability) {
  return static_cast<std::uint64_t>(probability * 0x1p53);
}

// Integers in the order of the floats; -0 is 0.
std::uint64_t ordered(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x + 0.0F);
  return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
}

// A temperature next to 0 must not make 0 * infinity of a logit.
float scale_of(double temperature) {
  return static_cast<float>(
      std::min(1 / temperature, static_cast<double>(std::numeric_limits<float>::max())));
}

float highest(std::span<const float> logits) {
  float high = kNever;
  for (const float x : logits) high = x > high ? x : high;  // what is no number is not above
  return high;
}

}  // namespace

TokenId argmax(std::span<const float> logits, const TokenMask* mask) {
  TokenId best = -1;
  float high = kNever;
  const auto look = [&](TokenId id) {
    const float x = sane(logits[static_cast<std::size_t>(id)]);
    if (best < 0 || x > high) {
      best = id;
      high = x;
    }
  };
  const auto count = static_cast<TokenId>(logits.size());
  if (mask != nullptr) {
    mask->for_each([&](TokenId id) {
      if (id < count) look(id);
    });
    if (best >= 0) return best;
  }
  for (TokenId id = 0; id < count; ++id) look(id);
  return best;
}

double log_sum_exp(std::span<const float> logits) {
  float high = kNever;
  for (const float x : logits) high = std::max(high, sane(x));
  if (high == kNever) return high;
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(sane(x) - high));
  return static_cast<double>(high) + std::log(sum);
}

Result<> Sampler::check(const llm::Sampling& s, std::optional<std::uint32_t> top_logprobs,
                        std::int32_t vocabulary) {
  SEINE_CHECK(in_range("temperature", s.temperature, 0, 100));
  SEINE_CHECK(in_range("top_p", s.top_p, 0, 1));
  SEINE_CHECK(in_range("min_p", s.min_p, 0, 1));
  SEINE_CHECK(in_range("typical_p", s.typical_p, 0, 1));
  SEINE_CHECK(in_range("repetition_penalty", s.repetition_penalty, 0.01, 100));
  SEINE_CHECK(in_range("presence_penalty", s.presence_penalty, -100, 100));
  SEINE_CHECK(in_range("frequency_penalty", s.frequency_penalty, -100, 100));
  SEINE_CHECK(in_range("top_logprobs", top_logprobs.value_or(0), 0, kTopLogprobsMax));
  for (const auto& [id, bias] : s.logit_bias) {
    if (id < 0 || id >= vocabulary) {
      return base::fail_field(Code::kInvalidArgument, "logit_bias",
                              "logit_bias names token {}, the model has tokens 0 to {}", id,
                              vocabulary - 1);
    }
    SEINE_CHECK(in_range("logit_bias", bias, -100, 100));
  }
  return {};
}

Sampler::Sampler(llm::Sampling sampling, std::optional<std::uint32_t> top_logprobs,
                 std::uint64_t seed)
    : sampling_(std::move(sampling)), top_logprobs_(top_logprobs), random_(seed) {}

bool Sampler::has_penalties() const {
  return sampling_.repetition_penalty != 1 || sampling_.presence_penalty != 0 ||
         sampling_.frequency_penalty != 0;
}

void Sampler::see_prompt(std::span<const TokenId> prompt) {
  if (sampling_.repetition_penalty == 1) return;
  for (const TokenId id : prompt) counts_[id].in_prompt = true;
}

void Sampler::adjust(std::span<const float> logits) {
  adjusted_.assign(logits.begin(), logits.end());
  const auto at = [&](TokenId id) -> float* {
    const auto i = static_cast<std::size_t>(id);
    return id >= 0 && i < adjusted_.size() ? &adjusted_[i] : nullptr;
  };
  for (const auto& [id, bias] : sampling_.logit_bias) {
    if (float* x = at(id)) *x = bias <= kBan ? kNever : *x + static_cast<float>(bias);
  }
  if (!has_penalties()) return;
  const auto repetition = static_cast<float>(sampling_.repetition_penalty);
  for (const auto& [id, count] : counts_) {
    float* x = at(id);
    if (x == nullptr) continue;
    // Keskar et al. 2019: divide what is positive, multiply what is negative.
    if (repetition != 1) *x = *x > 0 ? *x / repetition : *x * repetition;
    if (count.said > 0)
      *x -= static_cast<float>(sampling_.presence_penalty +
                               sampling_.frequency_penalty * static_cast<double>(count.said));
  }
}

template <typename WeightOf>
void Sampler::keep_first(std::uint64_t wanted, WeightOf weight_of_candidate) {
  std::uint64_t total = 0;
  std::uint64_t low = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t high = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    total += weight_of_candidate(candidates_[i]);
    low = std::min(low, keys_[i]);
    high = std::max(high, keys_[i]);
  }
  if (total < wanted) return;
  // The least key that is kept, digit by digit from the first in which keys differ: each pass adds
  // up the weights by the next digit of those keys that begin with the digits known so far.
  constexpr unsigned kDigitMax = 11;
  const unsigned digit_bits = candidates_.size() < 2048 ? 6 : kDigitMax;
  std::uint64_t sums[1U << kDigitMax];
  auto shift = static_cast<unsigned>(std::bit_width(low ^ high));
  std::uint64_t least = shift < 64 ? high >> shift : 0;
  while (shift > 0) {
    const unsigned bits = std::min(shift, digit_bits);
    const std::uint64_t digits = std::uint64_t{1} << bits;
    const unsigned above = shift;
    shift -= bits;
    std::fill_n(sums, digits, 0);
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      if (above < 64 && keys_[i] >> above != least) continue;
      sums[keys_[i] >> shift & (digits - 1)] += weight_of_candidate(candidates_[i]);
    }
    std::uint64_t digit = digits - 1;
    while (digit > 0 && sums[digit] < wanted) wanted -= sums[digit--];
    least = least << bits | digit;
  }
  // What is still wanted comes from those with that very key, the lowest ids first.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (keys_[i] < least || (keys_[i] == least && wanted == 0)) continue;
    if (keys_[i] == least) wanted -= std::min(wanted, weight_of_candidate(candidates_[i]));
    candidates_[kept++] = candidates_[i];
  }
  candidates_.resize(kept);
}

void Sampler::keep_top_k() {
  const std::size_t k = sampling_.top_k;
  if (k == 0 || k >= candidates_.size()) return;
  keys_.clear();
  for (const Candidate& c : candidates_) keys_.push_back(ordered(c.logit));
  keep_first(k, [](const Candidate&) { return std::uint64_t{1}; });
}

void Sampler::normalise() {
  const float high = std::ranges::max(candidates_, {}, &Candidate::logit).logit;
  double sum = 0;
  for (Candidate& c : candidates_) {
    c.probability = c.logit == high ? 1 : static_cast<double>(weight_of(c.logit - high));
    sum += c.probability;
  }
  for (Candidate& c : candidates_) c.probability /= sum;
}

// Meister et al. 2022: the tokens whose surprise is nearest the entropy, up to a mass.
void Sampler::keep_typical() {
  if (sampling_.typical_p >= 1) return;
  double entropy = 0;
  for (const Candidate& c : candidates_)
    if (c.probability > 0) entropy -= c.probability * std::log(c.probability);
  const auto distance = [&](const Candidate& c) {
    return c.probability > 0 ? std::abs(-std::log(c.probability) - entropy)
                             : std::numeric_limits<double>::infinity();
  };
  // Distances are not negative, so that their bits are in order as they are.
  keys_.clear();
  for (const Candidate& c : candidates_)
    keys_.push_back(~std::bit_cast<std::uint64_t>(distance(c)));
  keep_first(std::max<std::uint64_t>(units(sampling_.typical_p), 1),
             [](const Candidate& c) { return units(c.probability); });
  normalise();
}

void Sampler::keep_top_p() {
  if (sampling_.top_p >= 1) return;
  // Those this unlikely are together less than what is left out anyway (but for rounding, where
  // next to nothing is left out).
  const double left_out = 1 - sampling_.top_p;
  const double least = left_out / 2 / static_cast<double>(candidates_.size());
  if (left_out > 1e-6)
    std::erase_if(candidates_, [least](const Candidate& c) { return c.probability < least; });
  keys_.clear();
  for (const Candidate& c : candidates_) keys_.push_back(units(c.probability));
  keep_first(std::max<std::uint64_t>(units(sampling_.top_p), 1),
             [](const Candidate& c) { return units(c.probability); });
  normalise();
}

void Sampler::keep_min_p() {
  if (sampling_.min_p <= 0) return;
  const double high = std::ranges::max(candidates_, {}, &Candidate::probability).probability;
  std::erase_if(candidates_,
                [&](const Candidate& c) { return c.probability < high * sampling_.min_p; });
  normalise();
}

bool Sampler::takes_any() const {
  return sampling_.top_k == 0 && sampling_.typical_p >= 1 && sampling_.top_p >= 1 &&
         sampling_.min_p <= 0;
}

// From the whole vocabulary: weights are summed in stretches, and only the one that the draw falls
// into is looked through.
TokenId Sampler::draw_any(std::span<const float> logits, double at) {
  const float high = highest(logits);
  if (high == kNever) return argmax(logits, nullptr);
  const auto scale = scale_of(sampling_.temperature);
  const auto weight = [=](float x) { return x > kNever ? weight_of((x - high) * scale) : 0; };
  stretches_.clear();
  double total = 0;
  for (std::size_t from = 0; from < logits.size(); from += kStretch) {
    const auto stretch = logits.subspan(from, std::min(kStretch, logits.size() - from));
    float weights[kStretch] = {};
    for (std::size_t i = 0; i < stretch.size(); ++i) weights[i] = weight(stretch[i]);
    double sums[4] = {};
    for (std::size_t i = 0; i < kStretch; ++i) sums[i % 4] += static_cast<double>(weights[i]);
    stretches_.push_back(sums[0] + sums[1] + sums[2] + sums[3]);
    total += stretches_.back();
  }
  const double wanted = at * total;
  double mass = 0;
  TokenId last = 0;
  for (std::size_t s = 0; s < stretches_.size(); ++s) {
    if (s + 1 < stretches_.size() && mass + stretches_[s] <= wanted) {
      mass += stretches_[s];
      continue;
    }
    for (std::size_t i = s * kStretch; i < std::min((s + 1) * kStretch, logits.size()); ++i) {
      const auto x = static_cast<double>(weight(logits[i]));
      if (x <= 0) continue;
      mass += x;
      last = static_cast<TokenId>(i);
      if (wanted < mass) return last;
    }
  }
  // Rounding left the draw behind the end.
  return weight(logits[static_cast<std::size_t>(last)]) > 0 ? last : argmax(logits, nullptr);
}

void Sampler::select(std::span<const float> logits, const TokenMask* mask) {
  candidates_.clear();
  const auto scale = scale_of(sampling_.temperature);
  const auto take = [&](TokenId id) {
    const float x = sane(logits[static_cast<std::size_t>(id)]);
    if (x != kNever) candidates_.push_back({x * scale, id});
  };
  const auto count = static_cast<TokenId>(logits.size());
  if (mask != nullptr) {
    mask->for_each([&](TokenId id) {
      if (id < count) take(id);
    });
  } else {
    for (TokenId id = 0; id < count; ++id) take(id);
  }
  if (candidates_.empty()) return;
  keep_top_k();
  normalise();
  keep_typical();
  keep_top_p();
  keep_min_p();
}

std::vector<std::pair<TokenId, double>> Sampler::choices(std::span<const float> logits,
                                                         const TokenMask* mask) {
  select(logits, mask);
  std::vector<std::pair<TokenId, double>> out;
  for (const Candidate& c : candidates_) out.emplace_back(c.id, c.probability);
  return out;
}

TokenId Sampler::draw(std::span<const float> logits, const TokenMask* mask) {
  const double at = random_.uniform();
  if (mask == nullptr && takes_any()) return draw_any(logits, at);
  select(logits, mask);
  if (candidates_.empty()) return argmax(logits, mask);
  double mass = 0;
  for (const Candidate& c : candidates_) {
    mass += c.probability;
    if (at < mass) return c.id;
  }
  return candidates_.back().id;
}

Sampled Sampler::sample(std::span<const float> logits, const TokenMask* mask) {
  std::span<const float> seen = logits;
  if (!sampling_.logit_bias.empty() || has_penalties()) {
    adjust(logits);
    seen = adjusted_;
  }
  Sampled out;
  out.id = is_greedy() ? argmax(seen, mask) : draw(seen, mask);
  if (has_penalties()) ++counts_[out.id].said;
  if (!top_logprobs_) return out;

  const double whole = log_sum_exp(logits);
  const auto logprob = [&](TokenId id) {
    return static_cast<double>(sane(logits[static_cast<std::size_t>(id)])) - whole;
  };
  out.logprob = logprob(out.id);
  const std::size_t wanted = std::min<std::size_t>(*top_logprobs_, logits.size());
  if (wanted == 0) return out;
  // A small heap of the best, the worst on top.
  using Entry = std::pair<float, TokenId>;
  const auto better = [](const Entry& a, const Entry& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  std::vector<Entry> best;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const Entry entry{sane(logits[i]), static_cast<TokenId>(i)};
    if (best.size() == wanted) {
      if (!better(entry, best.front())) continue;
      std::ranges::pop_heap(best, better);
      best.back() = entry;
    } else {
      best.push_back(entry);
    }
    std::ranges::push_heap(best, better);
  }
  std::ranges::sort(best, better);
  for (const Entry& entry : best) out.top.emplace_back(entry.second, logprob(entry.second));
  return out;
}

}  // namespace seine::engine
