#include "answer/generate/span_answer.h"

#include "base/text.h"

namespace seine::answer {

llm::ChatRequest span_request(const Question& question, std::span<const Passage* const> passages,
                              std::span<const Page> pages, std::vector<double> priors,
                              const std::string& model) {
  llm::ChatRequest request;
  request.model = model;
  request.messages.push_back({.role = llm::Role::kUser, .content = question.text});
  llm::SpanConstraint constraint;
  for (const Passage* passage : passages) {
    // The title names what the passage calls "it"; the model was trained to read it first.
    const std::string& title = pages[passage->page].title;
    constraint.passages.push_back(title.empty() ? passage->text : title + ": " + passage->text);
  }
  constraint.priors = std::move(priors);
  request.constraint = std::move(constraint);
  request.sampling.temperature = 0;
  request.top_logprobs = 0;
  request.max_tokens = 96;
  request.qos = llm::QosClass::kInteractive;
  return request;
}

std::optional<SpanAnswer> locate_span(std::string_view reply,
                                      std::span<const Passage* const> passages) {
  const std::string_view text = base::trim(reply);
  const std::size_t bracket = text.rfind('[');
  if (bracket == std::string_view::npos || !text.ends_with(']')) return std::nullopt;
  const auto number = base::parse_u64(text.substr(bracket + 1, text.size() - bracket - 2));
  const std::string_view span = base::trim(text.substr(0, bracket));
  if (!number || *number == 0 || *number > passages.size() || span.empty()) return std::nullopt;
  const std::size_t index = static_cast<std::size_t>(*number) - 1;
  const Passage& passage = *passages[index];
  const std::size_t at = std::string_view(passage.text).find(span);
  if (at == std::string_view::npos) return std::nullopt;
  for (std::size_t i = 0; i < passage.sentences.size(); ++i) {
    const ByteSpan plain = passage.sentences[i].plain;
    if (at >= plain.begin && at < plain.end) return SpanAnswer{index, i, std::string(span)};
  }
  return std::nullopt;
}

}  // namespace seine::answer
