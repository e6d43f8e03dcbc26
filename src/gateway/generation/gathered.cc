#include "gateway/generation/gathered.h"

#include <variant>

namespace seine::gateway {
namespace {

// A generator numbers its calls from 0 without gaps; what is past this bound is not one of ours.
constexpr std::size_t kCallsMax = 128;

}  // namespace

void Gathered::add(const llm::Delta& delta) {
  if (const auto* piece = std::get_if<llm::TextDelta>(&delta)) {
    text += piece->text;
    logprobs.insert(logprobs.end(), piece->logprobs.begin(), piece->logprobs.end());
  } else if (const auto* thought = std::get_if<llm::ReasoningDelta>(&delta)) {
    reasoning += thought->text;
  } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&delta)) {
    if (call->index >= kCallsMax) return;
    if (tool_calls.size() <= call->index) tool_calls.resize(call->index + 1);
    llm::ToolCall& target = tool_calls[call->index];
    if (!call->id.empty()) target.id = call->id;
    if (!call->name.empty()) target.name = call->name;
    target.arguments += call->arguments;
  } else if (const auto* end = std::get_if<llm::Finish>(&delta)) {
    finish = *end;
  }
}

void UsageSum::add(std::uint32_t answer, const llm::Usage& usage) {
  if (answer % per_prompt_ == 0) {
    sum_.prompt_tokens += usage.prompt_tokens;
    sum_.cached_tokens += usage.cached_tokens;
  }
  sum_.completion_tokens += usage.completion_tokens;
  sum_.reasoning_tokens += usage.reasoning_tokens;
}

llm::Usage sum_usage(const std::vector<Gathered>& answers, std::uint32_t per_prompt) {
  UsageSum sum(per_prompt);
  for (std::uint32_t i = 0; i < answers.size(); ++i) sum.add(i, answers[i].finish.usage);
  return sum.sum();
}

}  // namespace seine::gateway
