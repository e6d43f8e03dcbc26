#include "gateway/answers/ask_request.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::Json;
using base::Result;

constexpr std::size_t kListMax = 16;

Result<std::vector<std::string>> text_list(const Json& body, std::string_view key) {
  std::vector<std::string> out;
  const Json* found = base::find(body, key);
  if (found == nullptr) return out;
  if (!found->is_array()) {
    return base::fail_field(Code::kInvalidArgument, key, "'{}' must be an array, not {}", key,
                            base::type_name(*found));
  }
  if (found->size() > kListMax) {
    return base::fail_field(Code::kInvalidArgument, key, "'{}' has {} entries, the limit is {}",
                            key, found->size(), kListMax);
  }
  for (const Json& item : *found) {
    if (!item.is_string()) {
      return base::fail_field(Code::kInvalidArgument, key, "'{}' must hold strings, not {}", key,
                              base::type_name(item));
    }
    out.push_back(item.get<std::string>());
  }
  return out;
}

Result<std::optional<llm::Effort>> parse_effort(const Json& body) {
  const auto text = SEINE_TRY(base::get<std::string>(body, "think"));
  if (!text) return std::nullopt;
  static constexpr auto kNames = std::to_array<std::string_view>({"off", "low", "high", "max"});
  const auto found = std::ranges::find(kNames, *text);
  if (found == kNames.end()) {
    return base::fail_field(Code::kInvalidArgument, "think",
                            "'think' is off, low, high or max, not '{}'", *text);
  }
  return static_cast<llm::Effort>(found - kNames.begin());
}

}  // namespace

Result<AskBody> parse_ask(const Json& body) {
  static constexpr auto kKnown =
      std::to_array<std::string_view>({"question", "chat_id", "parent_id", "regenerate_id", "model",
                                       "search", "think", "sites", "files", "language", "stream"});
  for (const auto& [key, value] : body.items()) {
    if (std::ranges::find(kKnown, key) == kKnown.end()) {
      return base::fail_field(Code::kInvalidArgument, key, "a question has no '{}'", key);
    }
  }
  AskBody out;
  out.chat_id = SEINE_TRY(base::get_or<std::string>(body, "chat_id", ""));
  out.parent_id = SEINE_TRY(base::get_or<std::string>(body, "parent_id", ""));
  out.regenerate_id = SEINE_TRY(base::get_or<std::string>(body, "regenerate_id", ""));
  if (out.chat_id.empty() && !(out.parent_id.empty() && out.regenerate_id.empty())) {
    return base::fail_field(Code::kInvalidArgument, "chat_id",
                            "parent_id and regenerate_id need a chat_id");
  }
  if (out.regenerate_id.empty()) {
    out.request.question = SEINE_TRY(base::require<std::string>(body, "question"));
  }
  out.request.model = SEINE_TRY(base::get_or<std::string>(body, "model", ""));
  const auto search = SEINE_TRY(base::get_or<std::string>(body, "search", "auto"));
  const auto mode = answer::parse_search_mode(search);
  if (!mode) {
    return base::fail_field(Code::kInvalidArgument, "search",
                            "'search' is auto, on or off, not '{}'", search);
  }
  out.request.search = *mode;
  out.request.think = SEINE_TRY(parse_effort(body));
  out.request.sites = SEINE_TRY(text_list(body, "sites"));
  out.files = SEINE_TRY(text_list(body, "files"));
  const auto language = SEINE_TRY(base::get_or<std::string>(body, "language", ""));
  if (language == "en") out.request.language = base::Language::kEnglish;
  if (language == "zh") out.request.language = base::Language::kChinese;
  if (!language.empty() && !out.request.language) {
    return base::fail_field(Code::kInvalidArgument, "language", "'language' is en or zh, not '{}'",
                            language);
  }
  out.stream = SEINE_TRY(base::get_or<bool>(body, "stream", true));
  return out;
}

}  // namespace seine::gateway
