// Sampler: from the logits of one position to the next token, as a request's settings say. One
// object follows one stream: it counts what was said (for penalties) and owns the stream's random
// numbers, one draw a token, so that equal seeds give equal text however the work was batched or
// guessed ahead. One thread at a time; never touches the model.
//
// Order: bias, penalties, mask, temperature, top-k, typical, top-p, min-p. Temperature 0 is the
// plain maximum, the lowest id among equals. Log-probabilities are the model's own, before all of
// that.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "engine/constraint/token_mask.h"
#include "engine/tokenizer/tokenizer.h"
#include "llm/request.h"

namespace seine::engine {

struct Sampled {
  TokenId id = 0;
  // Where log-probabilities were asked for: the token's, and the most likely ones, best first.
  double logprob = 0;
  std::vector<std::pair<TokenId, double>> top = {};
};

class Sampler {
 public:
  static constexpr std::uint32_t kTopLogprobsMax = 20;

  // Errors name the field and its range.
  static base::Result<> check(const llm::Sampling& sampling,
                              std::optional<std::uint32_t> top_logprobs, std::int32_t vocabulary);

  // Settings that check() has passed.
  Sampler(llm::Sampling sampling, std::optional<std::uint32_t> top_logprobs, std::uint64_t seed);

  // The prompt, which the repetition penalty looks at, too.
  void see_prompt(std::span<const TokenId> prompt);
  // Chooses a token and counts it as said. `mask` may be null; one that allows nothing is taken as
  // null. Logits that are not numbers count as impossible.
  Sampled sample(std::span<const float> logits, const TokenMask* mask);

  // What a draw would be among and with which probabilities, in order of ids; bias and penalties
  // play no part. Empty if no logit is a number.
  std::vector<std::pair<TokenId, double>> choices(std::span<const float> logits,
                                                  const TokenMask* mask);

  bool is_greedy() const { return sampling_.temperature <= 0; }

 private:
  struct Candidate {
    float logit;  // after temperature
    TokenId id;
    double probability = 0;
  };
  struct Count {
    std::uint32_t said = 0;
    bool in_prompt = false;
  };

  bool has_penalties() const;
  void adjust(std::span<const float> logits);
  TokenId draw(std::span<const float> logits, const TokenMask* mask);
  // Leaves in candidates_ what the settings select.
  void select(std::span<const float> logits, const TokenMask* mask);
  // Whether no selection but the temperature stands between logits and a draw.
  bool takes_any() const;
  TokenId draw_any(std::span<const float> logits, double at);
  // Keeps those of the highest keys, the lowest ids among equals, until their weights come to
  // `wanted`; all if they never do. keys_[i] is of candidates_[i]. Linear, and in order of ids
  // before and after: nothing is sorted.
  template <typename WeightOf>
  void keep_first(std::uint64_t wanted, WeightOf weight_of_candidate);
  void keep_top_k();
  void normalise();
  void keep_typical();
  void keep_top_p();
  void keep_min_p();

  llm::Sampling sampling_;
  std::optional<std::uint32_t> top_logprobs_;
  base::SeededRandom random_;
  std::unordered_map<TokenId, Count> counts_;
  std::vector<float> adjusted_;        // only where bias or penalties change logits
  std::vector<Candidate> candidates_;  // in order of ids
  std::vector<std::uint64_t> keys_;    // what a selection orders them by
  std::vector<double> stretches_;      // sums of weights
};

// The token with the highest logit, the lowest id among equals; `mask` may be null.
TokenId argmax(std::span<const float> logits, const TokenMask* mask);

// log(sum(exp(logits))), without overflow.
double log_sum_exp(std::span<const float> logits);

}  // namespace seine::engine
