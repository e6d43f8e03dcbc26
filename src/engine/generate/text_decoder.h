// TextDecoder: the decoder of an ordinary answer: samples one token a row, under a constraint if
// there is one, and turns tokens into text pieces on a DeltaStream, cut at stop strings. Guesses
// are checked by sampling what they stand for, so that they change nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/constraint/constraint.h"
#include "engine/parse/output_parser.h"
#include "engine/sampling/sampler.h"
#include "engine/sampling/stop_matcher.h"
#include "engine/scheduler/task.h"
#include "engine/tokenizer/tokenizer.h"
#include "llm/stream.h"

namespace seine::engine {

// From the text of an answer to deltas. One stream, one thread at a time.
class TextSink {
 public:
  virtual ~TextSink() = default;
  virtual void push(std::string_view text, std::vector<llm::TokenLogprob> logprobs,
                    llm::DeltaStream& out) = 0;
  // What was held back; then the reason as this text has it (a tool was called).
  virtual llm::FinishReason finish(llm::FinishReason reason, llm::DeltaStream& out) = 0;
  virtual bool is_thinking() const = 0;
};

// All text is answer.
std::unique_ptr<TextSink> plain_text_sink();
// Thinking and calls of tools are told apart from the answer.
std::unique_ptr<TextSink> parsed_text_sink(OutputOptions options);

class TextDecoder final : public Decoder {
 public:
  struct Parts {
    std::shared_ptr<llm::DeltaStream> stream;
    const Tokenizer* tokenizer = nullptr;  // outlives the decoder
    Sampler sampler;
    std::unique_ptr<Constraint> constraint;  // null: none
    std::unique_ptr<TextSink> sink;
    std::vector<std::string> stops;
    std::vector<TokenId> stop_tokens = {};  // not shown
    std::uint32_t tokens_max = 0;
    bool wants_logprobs = false;
    bool continues_text = false;  // the prompt ends inside the text, not before it
    bool shows_control = false;   // control tokens are text for the sink
  };
  explicit TextDecoder(Parts parts);

  Decision decide(std::span<const LaneLogits> lanes) override;
  void after() override;
  void finish(std::optional<base::Error> error, const TaskStats& stats) override;

 private:
  bool ends(TokenId id) const;
  llm::TokenLogprob describe(const Sampled& sampled) const;
  void show(std::string text, std::vector<llm::TokenLogprob> logprobs);

  Parts parts_;
  StreamDecoder text_;
  StopMatcher stop_;
  std::vector<Sampled> fresh_;  // decided, not yet text
  std::uint32_t tokens_ = 0;
  std::uint64_t shown_tokens_ = 0;
  std::uint64_t thinking_tokens_ = 0;
  llm::FinishReason reason_ = llm::FinishReason::kStop;
};

}  // namespace seine::engine
