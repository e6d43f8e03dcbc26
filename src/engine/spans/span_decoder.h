// SpanDecoder: a small beam over the literal spans of one prompt's passages. Every candidate is a
// run of tokens that some passage holds, closed by the number of one that does. Reports the
// candidates and the probability that the model gave to "not in the passages".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/constraint/constraint.h"
#include "engine/scheduler/task.h"
#include "engine/spans/span_format.h"
#include "llm/delta.h"

namespace seine::engine {

struct SpanCandidate {
  std::vector<TokenId> tokens;   // without the number
  std::vector<double> logprobs;  // of each token, then of the number
  std::size_t passage = 0;       // index into the prompt's passages
  double total = 0;              // sum of logprobs
  double span_mean() const;      // of the span's tokens
};

struct SpanOutcome {
  double refusal = 0;                     // probability of "not in the passages"
  std::vector<SpanCandidate> candidates;  // best total first; at least one if any passage has text
};

class SpanDecoder final : public Decoder {
 public:
  static constexpr std::uint32_t kWidth = 4;
  using Done = std::function<void(std::optional<base::Error>, SpanOutcome, const TaskStats&)>;

  // `format` and `tokenizer` outlive the decoder.
  static base::Result<std::unique_ptr<SpanDecoder>> make(const SpanFormat& format,
                                                         const Tokenizer& tokenizer,
                                                         const SpanFormat::Prompt& prompt,
                                                         Done done);

  Decision decide(std::span<const LaneLogits> lanes) override;
  void finish(std::optional<base::Error> error, const TaskStats& stats) override;

 private:
  struct Beam {
    std::unique_ptr<Constraint> constraint;
    SpanCandidate so_far;
  };
  struct Step {
    std::uint32_t lane = 0;
    TokenId id = 0;
    double logprob = 0;
    double total = 0;
  };

  SpanDecoder(const SpanFormat& format, const Tokenizer& tokenizer, Done done);
  std::vector<Step> best_steps(std::span<const LaneLogits> lanes);
  bool is_allowed(const Beam& beam, TokenId id) const;
  std::optional<std::size_t> cited(TokenId id) const;

  const SpanFormat& format_;
  const Tokenizer& tokenizer_;
  Done done_;
  std::vector<TokenId> citations_;
  std::vector<TokenId> openings_;  // the first token of each passage may always begin an answer
  std::vector<Beam> beams_;
  SpanOutcome outcome_;
  bool first_ = true;
};

}  // namespace seine::engine
