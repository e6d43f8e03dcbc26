#include "gateway/openai/responses_request.h"

#include "gateway/fields.h"
#include "gateway/openai/content.h"

namespace seine::gateway::openai {
namespace {

using base::Code;
using base::fail_field;
using base::Json;
using base::Result;

Result<> add_item(const Json& value, const std::string& place,
                  std::vector<llm::Message>& messages) {
  const Fields item = SEINE_TRY(Fields::of(value, place));
  const auto type = SEINE_TRY(item.get_or<std::string>("type", "message"));
  if (type == "message") {
    const auto role = SEINE_TRY(item.require<std::string>("role"));
    llm::Message message;
    if (role == "assistant") {
      message.role = llm::Role::kAssistant;
    } else if (role == "system" || role == "developer") {
      message.role = llm::Role::kSystem;
    } else if (role != "user") {
      return fail_field(Code::kInvalidArgument, item.at("role"),
                        "a role is user, assistant, system or developer, not '{}'", role);
    }
    message.content = SEINE_TRY(content_text(item.find("content"), item.at("content")));
    messages.push_back(std::move(message));
  } else if (type == "function_call") {
    const llm::ToolCall call{.id = SEINE_TRY(item.require<std::string>("call_id")),
                             .name = SEINE_TRY(item.require<std::string>("name")),
                             .arguments = SEINE_TRY(item.get_or<std::string>("arguments", "{}"))};
    // Calls that were made together are one turn of the model.
    const bool together = !messages.empty() && messages.back().role == llm::Role::kAssistant;
    if (!together) messages.push_back({.role = llm::Role::kAssistant, .content = {}});
    messages.back().tool_calls.push_back(call);
  } else if (type == "function_call_output") {
    messages.push_back({.role = llm::Role::kTool,
                        .content = SEINE_TRY(content_text(item.find("output"), item.at("output"))),
                        .tool_call_id = SEINE_TRY(item.require<std::string>("call_id"))});
  } else if (type != "reasoning" && type != "web_search_call") {
    return fail_field(Code::kInvalidArgument, item.at("type"),
                      "an item of type '{}' cannot be read here", type);
  }
  return {};
}

void copy_member(const Json& body, Json& echo, const char* key, Json otherwise) {
  const Json* value = base::find(body, key);
  echo[key] = value != nullptr ? *value : std::move(otherwise);
}

}  // namespace

Result<ResponsesCall> parse_responses(const Json& json) {
  const Fields body(json, "");
  ResponsesCall parsed;
  llm::ChatRequest& request = parsed.call.request;
  request.model = SEINE_TRY(body.require<std::string>("model"));
  const Json* input = body.find("input");
  if (input != nullptr && input->is_string()) {
    parsed.items.push_back({{"type", "message"}, {"role", "user"}, {"content", *input}});
  } else if (const Json* list = SEINE_TRY(body.array("input", ResponsesCall::kItemsMax))) {
    parsed.items = *list;
  }
  ToolSet tools = SEINE_TRY(parse_tools(body, /*nested=*/false));
  request.tool_choice = SEINE_TRY(parse_tool_choice(body, /*nested=*/false, tools));
  request.tools = std::move(tools.tools);
  parsed.call.web = std::move(tools.web);
  request.parallel_tool_calls = SEINE_TRY(body.get_or<bool>("parallel_tool_calls", true));
  request.sampling.temperature = SEINE_TRY(body.number("temperature", 0, 2)).value_or(1);
  request.sampling.top_p = SEINE_TRY(body.number("top_p", 0, 1)).value_or(1);
  request.max_tokens = SEINE_TRY(body.count("max_output_tokens", 1, UINT32_MAX));
  if (const Json* reasoning = SEINE_TRY(body.object("reasoning"))) {
    const Fields fields(*reasoning, "reasoning");
    if (const auto effort = SEINE_TRY(fields.get<std::string>("effort"))) {
      request.effort = SEINE_TRY(parse_effort(*effort, fields.at("effort")));
    }
  }
  if (const Json* text = SEINE_TRY(body.object("text"))) {
    if (const Json* format = base::find(*text, "format")) {
      request.constraint = SEINE_TRY(parse_format(*format, "text.format", /*nested=*/false));
    }
  }
  if (SEINE_TRY(body.get_or<bool>("background", false))) {
    return fail_field(Code::kInvalidArgument, "background",
                      "answers are not made in the background here");
  }
  parsed.previous_id = SEINE_TRY(body.get_or<std::string>("previous_response_id", ""));
  if (parsed.items.empty() && parsed.previous_id.empty()) {
    return fail_field(Code::kInvalidArgument, "input", "'input' is missing");
  }
  (void)SEINE_TRY(body.get_or<std::string>("instructions", ""));
  parsed.store = SEINE_TRY(body.get_or<bool>("store", true));
  parsed.stream = SEINE_TRY(body.get_or<bool>("stream", false));
  copy_member(json, parsed.echo, "instructions", nullptr);
  copy_member(json, parsed.echo, "metadata", Json::object());
  copy_member(json, parsed.echo, "parallel_tool_calls", true);
  copy_member(json, parsed.echo, "temperature", 1.0);
  copy_member(json, parsed.echo, "top_p", 1.0);
  copy_member(json, parsed.echo, "max_output_tokens", nullptr);
  copy_member(json, parsed.echo, "previous_response_id", nullptr);
  copy_member(json, parsed.echo, "tool_choice", "auto");
  copy_member(json, parsed.echo, "tools", Json::array());
  copy_member(json, parsed.echo, "text", {{"format", {{"type", "text"}}}});
  copy_member(json, parsed.echo, "reasoning", {{"effort", nullptr}, {"summary", nullptr}});
  return parsed;
}

Result<> set_messages(ResponsesCall& call, const Json& earlier_items) {
  std::vector<llm::Message>& messages = call.call.request.messages;
  messages.clear();
  if (const Json* instructions = base::find(call.echo, "instructions")) {
    messages.push_back(
        {.role = llm::Role::kSystem, .content = instructions->get_ref<const std::string&>()});
  }
  for (std::size_t i = 0; i < earlier_items.size(); ++i) {
    SEINE_CHECK(add_item(earlier_items[i], element("previous_response_id", i), messages));
  }
  for (std::size_t i = 0; i < call.items.size(); ++i) {
    SEINE_CHECK(add_item(call.items[i], element("input", i), messages));
  }
  if (messages.size() > ResponsesCall::kItemsMax) {
    return fail_field(Code::kInvalidArgument, "input",
                      "the conversation has {} items, the limit is {}", messages.size(),
                      ResponsesCall::kItemsMax);
  }
  return {};
}

}  // namespace seine::gateway::openai
