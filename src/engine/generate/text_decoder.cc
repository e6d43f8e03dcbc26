#include "engine/generate/text_decoder.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace seine::engine {
namespace {

class PlainTextSink final : public TextSink {
 public:
  void push(std::string_view text, std::vector<llm::TokenLogprob> logprobs,
            llm::DeltaStream& out) override {
    out.push(llm::TextDelta{.text = std::string(text), .logprobs = std::move(logprobs)});
  }
  llm::FinishReason finish(llm::FinishReason reason, llm::DeltaStream&) override { return reason; }
  bool is_thinking() const override { return false; }
};

class ParsedTextSink final : public TextSink {
 public:
  explicit ParsedTextSink(OutputOptions options) : parser_(std::move(options)) {}

  void push(std::string_view text, std::vector<llm::TokenLogprob> logprobs,
            llm::DeltaStream& out) override {
    parser_.push(text, deltas_);
    // Only the answer's tokens are told; those of held text come with what is shown next.
    if (!parser_.thinking()) std::ranges::move(logprobs, std::back_inserter(held_));
    flush(out);
  }
  llm::FinishReason finish(llm::FinishReason reason, llm::DeltaStream& out) override {
    parser_.finish(deltas_);
    flush(out);
    if (!held_.empty()) out.push(llm::TextDelta{.text = {}, .logprobs = std::move(held_)});
    return parser_.called() && reason == llm::FinishReason::kStop ? llm::FinishReason::kToolCalls
                                                                  : reason;
  }
  bool is_thinking() const override { return parser_.thinking(); }

 private:
  void flush(llm::DeltaStream& out) {
    for (llm::Delta& delta : deltas_) {
      if (auto* text = std::get_if<llm::TextDelta>(&delta))
        text->logprobs = std::exchange(held_, {});
      out.push(std::move(delta));
    }
    deltas_.clear();
  }

  OutputParser parser_;
  std::vector<llm::Delta> deltas_;
  std::vector<llm::TokenLogprob> held_;
};

}  // namespace

std::unique_ptr<TextSink> parsed_text_sink(OutputOptions options) {
  return std::make_unique<ParsedTextSink>(std::move(options));
}

std::unique_ptr<TextSink> plain_text_sink() {
  return std::make_unique<PlainTextSink>();
}

TextDecoder::TextDecoder(Parts parts)
    : parts_(std::move(parts)),
      text_(*parts_.tokenizer, parts_.shows_control, !parts_.continues_text),
      stop_(parts_.stops) {}

bool TextDecoder::ends(TokenId id) const {
  return parts_.tokenizer->ends_generation(id) ||
         std::ranges::find(parts_.stop_tokens, id) != parts_.stop_tokens.end();
}

Decision TextDecoder::decide(std::span<const LaneLogits> lanes) {
  Decision out;
  if (stop_.stopped()) {
    out.done = true;
    return out;
  }
  const LaneLogits& lane = lanes[0];
  const std::size_t vocabulary = lane.logits.size() / (1 + lane.drafts.size());
  Continuation next;
  for (std::size_t row = 0; !out.done; ++row) {
    const TokenMask* mask = parts_.constraint ? &parts_.constraint->mask() : nullptr;
    Sampled sampled =
        parts_.sampler.sample(lane.logits.subspan(row * vocabulary, vocabulary), mask);
    const TokenId id = sampled.id;
    next.tokens.push_back(id);
    if (ends(id)) {
      out.done = true;
      break;
    }
    fresh_.push_back(std::move(sampled));
    ++tokens_;
    // A refusal means that the vocabulary cannot spell what the constraint asks for.
    const bool allowed = !parts_.constraint || parts_.constraint->accept(id);
    if (!allowed || (parts_.constraint && parts_.constraint->ended())) {
      out.done = true;
    } else if (tokens_ == parts_.tokens_max) {
      reason_ = llm::FinishReason::kLength;
      out.done = true;
    }
    if (row == lane.drafts.size() || lane.drafts[row] != id) break;
  }
  out.lanes.push_back(std::move(next));
  return out;
}

llm::TokenLogprob TextDecoder::describe(const Sampled& sampled) const {
  llm::TokenLogprob out{.token = std::string(parts_.tokenizer->bytes(sampled.id)),
                        .logprob = sampled.logprob};
  for (const auto& [id, logprob] : sampled.top)
    out.top.emplace_back(std::string(parts_.tokenizer->bytes(id)), logprob);
  return out;
}

void TextDecoder::show(std::string text, std::vector<llm::TokenLogprob> logprobs) {
  if (text.empty() && logprobs.empty()) return;
  parts_.sink->push(text, std::move(logprobs), *parts_.stream);
}

void TextDecoder::after() {
  for (const Sampled& sampled : fresh_) {
    if (stop_.stopped()) break;
    ++shown_tokens_;
    std::vector<llm::TokenLogprob> logprobs;
    if (parts_.wants_logprobs) logprobs.push_back(describe(sampled));
    show(stop_.push(text_.push(sampled.id)), std::move(logprobs));
    thinking_tokens_ += parts_.sink->is_thinking() ? 1 : 0;
  }
  fresh_.clear();
  // The next mask is computed here, beside the next pass.
  if (parts_.constraint && !parts_.constraint->ended()) (void)parts_.constraint->mask();
}

void TextDecoder::finish(std::optional<base::Error> error, const TaskStats& stats) {
  if (error) return parts_.stream->fail(*std::move(error));
  show(stop_.push(text_.finish()), {});
  if (stop_.stopped()) reason_ = llm::FinishReason::kStop;
  show(stop_.finish(), {});
  const llm::FinishReason reason = parts_.sink->finish(reason_, *parts_.stream);
  parts_.stream->push(
      llm::Finish{.reason = reason,
                  .usage = {.prompt_tokens = stats.prompt_tokens,
                            .cached_tokens = stats.cached_tokens,
                            .completion_tokens = shown_tokens_,
                            .reasoning_tokens = thinking_tokens_},
                  .stop_text = reason == llm::FinishReason::kStop ? stop_.stop() : std::string()});
}

}  // namespace seine::engine
