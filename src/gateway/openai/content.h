// Parts of OpenAI requests that several of its routes share: message content, tools, tool choice,
// effort, response formats, stop strings. Sans-IO.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "gateway/fields.h"
#include "gateway/generation/call.h"
#include "llm/request.h"

namespace seine::gateway::openai {

inline constexpr std::size_t kMessagesMax = 4096;
inline constexpr std::size_t kPartsMax = 1024;
inline constexpr std::size_t kToolsMax = 128;

// The text of a content member: a string, null, or an array of text parts (joined). Other kinds of
// parts are refused by name, since no model here reads them.
base::Result<std::string> content_text(const base::Json* content, const std::string& place);

struct ToolSet {
  std::vector<llm::Tool> tools;
  std::optional<WebAsk> web;  // a web_search tool was among them
};
// `nested`: chat completions keep a function under "function"; Responses has it flat.
base::Result<ToolSet> parse_tools(const Fields& body, bool nested);
// A choice of allowed_tools takes the others out of `set`: what the model is not shown it cannot
// call.
base::Result<llm::ToolChoice> parse_tool_choice(const Fields& body, bool nested, ToolSet& set);
base::Result<llm::ToolCall> parse_tool_call(const base::Json& value, const std::string& place);

// {"search_context_size","user_location":{"country"},"filters":{"allowed_domains"}}.
base::Result<WebAsk> parse_web_ask(const base::Json& value, const std::string& place);

// none, minimal, low, medium, high, xhigh, max, ultra.
base::Result<llm::Effort> parse_effort(std::string_view name, const std::string& place);

// {"type":"text"|"json_object"|"json_schema", …}; `nested`: the schema lies under "json_schema".
base::Result<llm::Constraint> parse_format(const base::Json& value, const std::string& place,
                                           bool nested);

// A string, an array of strings, or null.
base::Result<std::vector<std::string>> parse_stop(const Fields& body, std::string_view key);
// `stop_token_ids`: as vLLM names them.
base::Result<std::vector<std::int32_t>> parse_stop_tokens(const Fields& body);

// temperature, top_p, penalties, seed and the rest that samplers take.
base::Result<llm::Sampling> parse_sampling(const Fields& body);

}  // namespace seine::gateway::openai
