// The pieces of one answer put together, for replies that are not streamed and for records.
#pragma once

#include <string>
#include <vector>

#include "llm/delta.h"
#include "llm/request.h"

namespace seine::gateway {

struct Gathered {
  std::string text;
  std::string reasoning;
  std::vector<llm::ToolCall> tool_calls;
  std::vector<llm::TokenLogprob> logprobs;
  llm::Finish finish;

  void add(const llm::Delta& delta);
};

// Sums usage of several answers, `per_prompt` of them to each prompt: a prompt counts once.
class UsageSum {
 public:
  explicit UsageSum(std::uint32_t per_prompt = 1) : per_prompt_(per_prompt) {}
  void add(std::uint32_t answer, const llm::Usage& usage);
  const llm::Usage& sum() const { return sum_; }

 private:
  std::uint32_t per_prompt_;
  llm::Usage sum_;
};
llm::Usage sum_usage(const std::vector<Gathered>& answers, std::uint32_t per_prompt = UINT32_MAX);

}  // namespace seine::gateway
