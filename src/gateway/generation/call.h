// What every dialect's request comes down to: a chat request for the models, how many answers, and
// whether the web is asked. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/web_answer.h"
#include "llm/request.h"

namespace seine::gateway {

struct WebAsk {
  SearchContext context = SearchContext::kMedium;
  std::vector<std::string> sites = {};
  std::string country = {};

  bool operator==(const WebAsk&) const = default;
};

struct Call {
  static constexpr std::uint32_t kAnswersMax = 8;

  llm::ChatRequest request;  // `model` as the client wrote it, suffix and alias included
  std::uint32_t answers = 1;
  // Several prompts in one request (legacy completions): each takes the place of request.messages
  // and has `answers` answers of its own, in order. Empty: only request.messages.
  std::vector<std::vector<llm::Message>> prompts = {};
  std::optional<WebAsk> web = {};
};

}  // namespace seine::gateway
