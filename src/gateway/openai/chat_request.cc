#include "gateway/openai/chat_request.h"

#include "base/json.h"
#include "gateway/openai/content.h"

namespace seine::gateway::openai {
namespace {

using base::Code;
using base::fail_field;
using base::Json;
using base::Result;

constexpr std::uint32_t kTopLogprobsMax = 20;

Result<llm::Role> parse_role(const Fields& message) {
  const auto role = SEINE_TRY(message.require<std::string>("role"));
  if (role == "user") return llm::Role::kUser;
  if (role == "assistant") return llm::Role::kAssistant;
  if (role == "system" || role == "developer") return llm::Role::kSystem;
  if (role == "tool" || role == "function") return llm::Role::kTool;
  return fail_field(Code::kInvalidArgument, message.at("role"),
                    "a role is system, developer, user, assistant or tool, not '{}'", role);
}

Result<llm::Message> parse_message(const Json& value, const std::string& place, bool last) {
  const Fields fields = SEINE_TRY(Fields::of(value, place));
  llm::Message message;
  message.role = SEINE_TRY(parse_role(fields));
  const Json* content = fields.find("content");
  message.content = SEINE_TRY(content_text(content, fields.at("content")));
  message.name = SEINE_TRY(fields.get_or<std::string>("name", ""));
  if (message.role == llm::Role::kTool) {
    message.tool_call_id = SEINE_TRY(fields.get_or<std::string>("tool_call_id", ""));
  }
  if (message.role == llm::Role::kAssistant) {
    message.reasoning = SEINE_TRY(fields.get_or<std::string>("reasoning_content", ""));
    message.prefix = SEINE_TRY(fields.get_or<bool>("prefix", false));
    if (message.prefix && !last) {
      return fail_field(Code::kInvalidArgument, fields.at("prefix"),
                        "only the last message can be a prefix");
    }
    if (const Json* calls = SEINE_TRY(fields.array("tool_calls", kToolsMax))) {
      for (std::size_t i = 0; i < calls->size(); ++i) {
        message.tool_calls.push_back(
            SEINE_TRY(parse_tool_call((*calls)[i], element(fields.at("tool_calls"), i))));
      }
    }
  }
  const bool may_lack_content = message.role == llm::Role::kAssistant &&
                                (!message.tool_calls.empty() || !message.reasoning.empty());
  if (content == nullptr && !may_lack_content) {
    return fail_field(Code::kInvalidArgument, fields.at("content"), "'{}' is missing",
                      fields.at("content"));
  }
  return message;
}

Result<std::vector<llm::Message>> parse_messages(const Fields& body) {
  const Json* list = SEINE_TRY(body.array("messages", kMessagesMax));
  if (list == nullptr || list->empty()) {
    return fail_field(Code::kInvalidArgument, "messages", "'messages' must have at least one");
  }
  std::vector<llm::Message> messages;
  messages.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    messages.push_back(SEINE_TRY(
        parse_message((*list)[i], element("messages", i), /*last=*/i + 1 == list->size())));
  }
  return messages;
}

// DeepSeek's `thinking` and OpenAI's `reasoning_effort` say one thing together.
Result<std::optional<llm::Effort>> parse_thinking(const Fields& body) {
  std::optional<llm::Effort> effort;
  if (const auto name = SEINE_TRY(body.get<std::string>("reasoning_effort"))) {
    effort = SEINE_TRY(parse_effort(*name, body.at("reasoning_effort")));
  }
  const Json* thinking = SEINE_TRY(body.object("thinking"));
  if (thinking == nullptr) return effort;
  const Fields fields(*thinking, body.at("thinking"));
  const auto type = SEINE_TRY(fields.require<std::string>("type"));
  if (type == "disabled") return llm::Effort::kOff;
  if (type != "enabled" && type != "auto" && type != "adaptive") {
    return fail_field(Code::kInvalidArgument, fields.at("type"),
                      "thinking is enabled or disabled, not '{}'", type);
  }
  if (!effort && type == "enabled") return llm::Effort::kHigh;
  return effort;
}

Result<std::optional<std::uint32_t>> parse_logprobs(const Fields& body) {
  const bool wanted = SEINE_TRY(body.get_or<bool>("logprobs", false));
  const auto top = SEINE_TRY(body.count("top_logprobs", 0, kTopLogprobsMax));
  if (top && !wanted) {
    return fail_field(Code::kInvalidArgument, body.at("top_logprobs"),
                      "top_logprobs needs logprobs to be true");
  }
  if (!wanted) return std::nullopt;
  return top.value_or(0);
}

}  // namespace

Result<ChatCall> parse_chat(const Json& json) {
  const Fields body(json, "");
  ChatCall chat;
  llm::ChatRequest& request = chat.call.request;
  request.model = SEINE_TRY(body.require<std::string>("model"));
  request.messages = SEINE_TRY(parse_messages(body));
  ToolSet tools = SEINE_TRY(parse_tools(body, /*nested=*/true));
  request.tool_choice = SEINE_TRY(parse_tool_choice(body, /*nested=*/true, tools));
  request.tools = std::move(tools.tools);
  request.parallel_tool_calls = SEINE_TRY(body.get_or<bool>("parallel_tool_calls", true));
  request.sampling = SEINE_TRY(parse_sampling(body));
  if (const Json* format = body.find("response_format")) {
    request.constraint = SEINE_TRY(parse_format(*format, "response_format", /*nested=*/true));
  }
  request.stop = SEINE_TRY(parse_stop(body, "stop"));
  request.stop_tokens = SEINE_TRY(parse_stop_tokens(body));
  request.max_tokens = SEINE_TRY(body.count("max_completion_tokens", 1, UINT32_MAX));
  if (!request.max_tokens) request.max_tokens = SEINE_TRY(body.count("max_tokens", 1, UINT32_MAX));
  request.top_logprobs = SEINE_TRY(parse_logprobs(body));
  request.effort = SEINE_TRY(parse_thinking(body));
  chat.call.answers = SEINE_TRY(body.count("n", 1, Call::kAnswersMax)).value_or(1);
  chat.call.web = std::move(tools.web);
  if (const Json* web = body.find("web_search_options")) {
    chat.call.web = SEINE_TRY(parse_web_ask(*web, "web_search_options"));
  }
  chat.stream = SEINE_TRY(body.get_or<bool>("stream", false));
  if (const Json* options = SEINE_TRY(body.object("stream_options"))) {
    const Fields inside(*options, "stream_options");
    chat.include_usage = SEINE_TRY(inside.get_or<bool>("include_usage", false));
  }
  return chat;
}

}  // namespace seine::gateway::openai
