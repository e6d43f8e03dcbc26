#include "engine/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <functional>
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

void Sampler::keep_top_k() {
  const std::size_t k = sampling_.top_k;
  if (k == 0 || k >= candidates_.size()) return;
  const auto middle = candidates_.begin() + static_cast<std::ptrdiff_t>(k);
  std::ranges::nth_element(candidates_, middle, [](const Candidate& a, const Candidate& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  });
  candidates_.erase(middle, candidates_.end());
}

void Sampler::normalise() {
  const float high = std::ranges::max(candidates_, {}, &Candidate::logit).logit;
  double sum = 0;
  for (Candidate& c : candidates_) {
    c.probability = high == kNever ? 1 : std::exp(static_cast<double>(c.logit - high));
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
  std::ranges::sort(candidates_, [&](const Candidate& a, const Candidate& b) {
    const double x = distance(a);
    const double y = distance(b);
    return x != y ? x < y : a.id < b.id;
  });
  double mass = 0;
  std::size_t kept = 0;
  while (kept < candidates_.size() && mass < sampling_.typical_p)
    mass += candidates_[kept++].probability;
  candidates_.resize(std::max<std::size_t>(kept, 1));
  normalise();
}

void Sampler::keep_top_p() {
  if (sampling_.top_p >= 1) return;
  std::ranges::sort(candidates_, [](const Candidate& a, const Candidate& b) {
    return a.probability != b.probability ? a.probability > b.probability : a.id < b.id;
  });
  double mass = 0;
  std::size_t kept = 0;
  while (kept < candidates_.size() && mass < sampling_.top_p)
    mass += candidates_[kept++].probability;
  candidates_.resize(std::max<std::size_t>(kept, 1));
  normalise();
}

void Sampler::keep_min_p() {
  if (sampling_.min_p <= 0) return;
  const double high = std::ranges::max(candidates_, {}, &Candidate::probability).probability;
  std::erase_if(candidates_,
                [&](const Candidate& c) { return c.probability < high * sampling_.min_p; });
  normalise();
}

TokenId Sampler::draw(std::span<const float> logits, const TokenMask* mask) {
  candidates_.clear();
  const auto scale = static_cast<float>(1 / sampling_.temperature);
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
  const double at = random_.uniform();
  if (candidates_.empty()) return argmax(logits, mask);
  keep_top_k();
  normalise();
  keep_typical();
  keep_top_p();
  keep_min_p();
  // In order of ids, so that the draw does not hang on how a selection left its candidates.
  std::ranges::sort(candidates_, {}, &Candidate::id);
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
