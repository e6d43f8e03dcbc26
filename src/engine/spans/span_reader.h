// Span reader: answers a question with a literal span of one of the given passages, by a model made
// for that. Passages are read together, a few to a prompt, or apart, one to a prompt, all prompts
// in one batch; the best span wins, unless the model says that the passages do not hold the answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "engine/engine.h"
#include "engine/spans/span_decoder.h"
#include "engine/spans/span_format.h"
#include "llm/stream.h"

namespace seine::engine {

enum class SpanStrategy : std::uint8_t { kTogether, kApart };

struct SpanQuestion {
  std::string question;
  std::vector<std::string> passages;
  std::vector<double> priors = {};  // of each passage, in nats; empty: none
  std::uint64_t seed = 0;           // of the passages' numbers
  llm::QosClass qos = llm::QosClass::kStandard;
  std::string scope = {};
  base::Deadline deadline = base::Deadline::never();
};

struct SpanSettings {
  SpanStrategy strategy = SpanStrategy::kApart;
  // Answers are given up where the model gives "not in the passages" more than this.
  double refusal_max = 0.2;
  double refusal_max_zh = 0.5;
};

inline constexpr std::size_t kSpanPassagesMax = 64;
// The model was trained with up to six passages in a prompt.
inline constexpr std::size_t kPassagesTogether = 6;

// What one prompt gave.
struct SpanPart {
  std::vector<std::size_t> passages;  // indices into the question's
  SpanOutcome outcome;
};

struct SpanReading {
  std::vector<SpanPart> parts;
  llm::Usage usage;
};

struct SpanAnswer {
  std::string text;  // a literal part of the passage
  std::size_t passage = 0;
  std::vector<llm::TokenLogprob> logprobs;  // of the span's tokens, then of the citation
  double refusal = 0;
  double score = 0;
};

// Starts reading; `done` is called once, on a thread of the engine's, unless an error is returned.
// `engine` and `format` outlive the reading.
base::Result<> read_passages(Engine& engine, const SpanFormat& format, const SpanQuestion& question,
                             SpanStrategy strategy, std::stop_token stop,
                             std::function<void(base::Result<SpanReading>)> done);

// The bytes of a candidate's tokens, without blanks around them.
std::string span_text(const SpanCandidate& candidate, const Tokenizer& tokenizer);

// The best span; nothing where the passages seem not to hold the answer. Pure.
std::optional<SpanAnswer> choose_span(const SpanReading& reading, const SpanQuestion& question,
                                      const Tokenizer& tokenizer, const SpanSettings& settings);

// Both, as a stream: one TextDelta "SPAN [k]", k counting the question's passages from 1, or an
// empty one, and a Finish.
base::Result<llm::StreamReader> answer_with_span(Engine& engine, const SpanFormat& format,
                                                 SpanQuestion question, SpanSettings settings);

}  // namespace seine::engine
