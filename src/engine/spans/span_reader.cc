#include "engine/spans/span_reader.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Result;

// Gathers what the prompts of one question give; the last one tells.
class Gathering {
 public:
  Gathering(std::vector<std::vector<std::size_t>> groups,
            std::function<void(Result<SpanReading>)> done)
      : open_(groups.size()), done_(std::move(done)) {
    for (std::vector<std::size_t>& group : groups)
      reading_.parts.push_back({.passages = std::move(group), .outcome = {}});
  }

  void add(std::size_t part, std::optional<base::Error> error, SpanOutcome outcome,
           const TaskStats& stats) {
    {
      const std::lock_guard lock(mutex_);
      if (error && !error_) error_ = std::move(error);
      reading_.parts[part].outcome = std::move(outcome);
      reading_.usage.prompt_tokens += stats.prompt_tokens;
      reading_.usage.cached_tokens += stats.cached_tokens;
      if (--open_ > 0) return;
    }
    if (error_) return done_(std::unexpected(*std::move(error_)));
    done_(std::move(reading_));
  }

 private:
  std::mutex mutex_;
  std::size_t open_;
  std::optional<base::Error> error_;
  SpanReading reading_;
  std::function<void(Result<SpanReading>)> done_;
};

std::vector<std::vector<std::size_t>> groups_of(std::size_t count, SpanStrategy strategy) {
  const std::size_t width = strategy == SpanStrategy::kApart ? 1 : kPassagesTogether;
  std::vector<std::vector<std::size_t>> out;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % width == 0) out.emplace_back();
    out.back().push_back(i);
  }
  return out;
}

// How likely the span is, and before that how likely an answer stands in its passages at all: the
// second tells the right passage better than the first (src/engine/README.md).
double score_of(const SpanOutcome& outcome) {
  const double refusal = std::clamp(outcome.refusal, 1e-6, 1 - 1e-6);
  return outcome.candidates.front().total + std::log((1 - refusal) / refusal);
}

bool has_han(std::string_view text) {
  while (!text.empty()) {
    const base::DecodedPoint point = base::decode_utf8(text);
    if (point.point >= 0x4E00 && point.point <= 0x9FFF) return true;
    text.remove_prefix(point.length);
  }
  return false;
}

}  // namespace

Result<> read_passages(Engine& engine, const SpanFormat& format, const SpanQuestion& question,
                       SpanStrategy strategy, std::stop_token stop,
                       std::function<void(Result<SpanReading>)> done) {
  if (question.passages.empty() || question.passages.size() > kSpanPassagesMax) {
    return base::fail_field(Code::kInvalidArgument, "constraint",
                            "{} passages, there must be 1 to {}", question.passages.size(),
                            kSpanPassagesMax);
  }
  auto groups = groups_of(question.passages.size(), strategy);
  std::vector<TaskSpec> specs;
  const auto gathering = std::make_shared<Gathering>(groups, std::move(done));
  for (std::size_t part = 0; part < groups.size(); ++part) {
    std::vector<std::string_view> passages;
    for (const std::size_t i : groups[part]) passages.emplace_back(question.passages[i]);
    const SpanFormat::Prompt prompt = SEINE_TRY(
        format.prompt(question.question, passages, question.seed + part, engine.context_tokens()));
    auto decoder = SEINE_TRY(
        SpanDecoder::make(format, engine.tokenizer(), prompt,
                          [gathering, part](std::optional<base::Error> error, SpanOutcome outcome,
                                            const TaskStats& stats) {
                            gathering->add(part, std::move(error), std::move(outcome), stats);
                          }));
    TaskSpec spec{.prompt = prompt.tokens,
                  .tokens_max = static_cast<std::uint32_t>(SpanFormat::kSpanTokensMax),
                  .lanes_max = SpanDecoder::kWidth,
                  .qos = question.qos,
                  .scope = question.scope,
                  .deadline = question.deadline,
                  .stop = stop,
                  .decoder = std::move(decoder)};
    specs.push_back(std::move(spec));
  }
  return engine.submit(std::move(specs));
}

std::string span_text(const SpanCandidate& candidate, const Tokenizer& tokenizer) {
  std::string text;
  for (const TokenId token : candidate.tokens) text += tokenizer.bytes(token);
  return std::string(base::trim(text));
}

std::optional<SpanAnswer> choose_span(const SpanReading& reading, const SpanQuestion& question,
                                      const Tokenizer& tokenizer, const SpanSettings& settings) {
  const SpanPart* best_part = nullptr;
  const SpanCandidate* best = nullptr;
  double best_score = 0;
  for (const SpanPart& part : reading.parts) {
    if (part.outcome.candidates.empty()) continue;
    const SpanCandidate& candidate = part.outcome.candidates.front();
    const std::size_t passage = part.passages[candidate.passage];
    const double score =
        score_of(part.outcome) + (passage < question.priors.size() ? question.priors[passage] : 0);
    if (best != nullptr && score <= best_score) continue;
    best = &candidate;
    best_part = &part;
    best_score = score;
  }
  if (best == nullptr) return std::nullopt;
  const double refusal_max =
      has_han(question.question) ? settings.refusal_max_zh : settings.refusal_max;
  if (best_part->outcome.refusal > refusal_max) return std::nullopt;

  SpanAnswer out{.text = span_text(*best, tokenizer),
                 .passage = best_part->passages[best->passage],
                 .logprobs = {},
                 .refusal = best_part->outcome.refusal,
                 .score = best_score};
  for (std::size_t i = 0; i < best->tokens.size(); ++i) {
    out.logprobs.push_back(
        {.token = std::string(tokenizer.bytes(best->tokens[i])), .logprob = best->logprobs[i]});
  }
  out.logprobs.push_back(
      {.token = "[" + std::to_string(out.passage + 1) + "]", .logprob = best->logprobs.back()});
  if (out.text.empty()) return std::nullopt;
  return out;
}

Result<llm::StreamReader> answer_with_span(Engine& engine, const SpanFormat& format,
                                           SpanQuestion question, SpanSettings settings) {
  auto stream = std::make_shared<llm::DeltaStream>();
  const auto asked = std::make_shared<const SpanQuestion>(std::move(question));
  SEINE_CHECK(read_passages(
      engine, format, *asked, settings.strategy, stream->stop_token(),
      [stream, asked, settings, tokenizer = &engine.tokenizer()](Result<SpanReading> reading) {
        if (!reading) return stream->fail(std::move(reading).error());
        llm::Usage usage = reading->usage;
        std::optional<SpanAnswer> answer = choose_span(*reading, *asked, *tokenizer, settings);
        llm::TextDelta delta;
        if (answer) {
          usage.completion_tokens = answer->logprobs.size();
          delta.text = answer->text + " [" + std::to_string(answer->passage + 1) + "]";
          delta.logprobs = std::move(answer->logprobs);
        }
        stream->push(std::move(delta));
        stream->push(llm::Finish{.reason = llm::FinishReason::kStop, .usage = usage});
      }));
  return llm::StreamReader(std::move(stream));
}

}  // namespace seine::engine
