#include "gateway/anthropic/messages_request.h"

#include <algorithm>

#include "base/json.h"
#include "gateway/fields.h"
#include "gateway/openai/content.h"

namespace seine::gateway::anthropic {
namespace {

using base::Code;
using base::fail_field;
using base::Json;
using base::Result;

constexpr std::size_t kMessagesMax = 4096;
constexpr std::size_t kBlocksMax = 1024;
constexpr std::size_t kToolsMax = 128;

// Budgets of thinking, in the four steps that our models know.
constexpr std::uint32_t kLowBudget = 4096;
constexpr std::uint32_t kMaxBudget = 32768;

void add_line(std::string& text, std::string_view more) {
  if (!text.empty() && !more.empty() && !text.ends_with('\n')) text += '\n';
  text += more;
}

// The text of a document block: only what is text already.
Result<std::string> document_text(const Fields& block) {
  const Json* source = SEINE_TRY(block.object("source"));
  const Fields inside(source != nullptr ? *source : Json::object(), block.at("source"));
  const auto type = SEINE_TRY(inside.get_or<std::string>("type", ""));
  if (type != "text") {
    return fail_field(Code::kInvalidArgument, inside.at("type"),
                      "a document of type '{}' cannot be read here; send text", type);
  }
  return inside.require<std::string>("data");
}

// A string, or text blocks.
Result<std::string> plain_text(const Json* content, const std::string& place) {
  if (content == nullptr) return std::string();
  if (content->is_string()) return content->get_ref<const std::string&>();
  if (!content->is_array() || content->size() > kBlocksMax) {
    return fail_field(Code::kInvalidArgument, place,
                      "'{}' must be a string or an array of at most {} blocks", place, kBlocksMax);
  }
  std::string text;
  for (std::size_t i = 0; i < content->size(); ++i) {
    const Fields block = SEINE_TRY(Fields::of((*content)[i], element(place, i)));
    const auto type = SEINE_TRY(block.require<std::string>("type"));
    if (type != "text") {
      return fail_field(Code::kInvalidArgument, block.at("type"),
                        "a block of type '{}' cannot be read here; send text", type);
    }
    add_line(text, SEINE_TRY(block.require<std::string>("text")));
  }
  return text;
}

// One block of a message into the message, or (tool results) into messages of their own before it.
Result<> add_block(const Fields& block, llm::Message& message, std::vector<llm::Message>& before) {
  const auto type = SEINE_TRY(block.require<std::string>("type"));
  const bool assistant = message.role == llm::Role::kAssistant;
  if (type == "text") {
    add_line(message.content, SEINE_TRY(block.require<std::string>("text")));
  } else if (type == "document" && !assistant) {
    add_line(message.content, SEINE_TRY(document_text(block)));
  } else if (type == "thinking" && assistant) {
    add_line(message.reasoning, SEINE_TRY(block.require<std::string>("thinking")));
  } else if (type == "tool_use" && assistant) {
    const Json* input = SEINE_TRY(block.object("input"));
    message.tool_calls.push_back({.id = SEINE_TRY(block.require<std::string>("id")),
                                  .name = SEINE_TRY(block.require<std::string>("name")),
                                  .arguments = input != nullptr ? base::to_text(*input) : "{}"});
  } else if (type == "tool_result" && !assistant) {
    before.push_back({.role = llm::Role::kTool,
                      .content = SEINE_TRY(plain_text(block.find("content"), block.at("content"))),
                      .tool_call_id = SEINE_TRY(block.require<std::string>("tool_use_id"))});
  } else if (type == "redacted_thinking" || type == "server_tool_use" ||
             type == "web_search_tool_result") {
    // What earlier answers carried beside their text; the text holds what matters.
  } else {
    return fail_field(Code::kInvalidArgument, block.at("type"),
                      "a block of type '{}' cannot be read here", type);
  }
  return {};
}

Result<> add_message(const Json& value, const std::string& place,
                     std::vector<llm::Message>& messages) {
  const Fields fields = SEINE_TRY(Fields::of(value, place));
  const auto role = SEINE_TRY(fields.require<std::string>("role"));
  llm::Message message;
  if (role == "assistant") {
    message.role = llm::Role::kAssistant;
  } else if (role == "system") {
    message.role = llm::Role::kSystem;
  } else if (role != "user") {
    return fail_field(Code::kInvalidArgument, fields.at("role"),
                      "a role is user or assistant, not '{}'", role);
  }
  const Json* content = fields.find("content");
  if (content != nullptr && content->is_string()) {
    message.content = content->get<std::string>();
    messages.push_back(std::move(message));
    return {};
  }
  const Json* blocks = SEINE_TRY(fields.array("content", kBlocksMax));
  if (blocks == nullptr) {
    return fail_field(Code::kInvalidArgument, fields.at("content"), "'{}' is missing",
                      fields.at("content"));
  }
  const std::size_t results_before = messages.size();
  for (std::size_t i = 0; i < blocks->size(); ++i) {
    const Fields block = SEINE_TRY(Fields::of((*blocks)[i], element(fields.at("content"), i)));
    SEINE_CHECK(add_block(block, message, messages));
  }
  const bool only_results = message.content.empty() && messages.size() > results_before;
  if (!only_results) messages.push_back(std::move(message));
  return {};
}

Result<std::vector<llm::Message>> parse_conversation(const Fields& body) {
  std::vector<llm::Message> messages;
  const std::string system = SEINE_TRY(plain_text(body.find("system"), "system"));
  if (!system.empty()) messages.push_back({.role = llm::Role::kSystem, .content = system});
  const Json* list = SEINE_TRY(body.array("messages", kMessagesMax));
  if (list == nullptr || list->empty()) {
    return fail_field(Code::kInvalidArgument, "messages", "'messages' must have at least one");
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    SEINE_CHECK(add_message((*list)[i], element("messages", i), messages));
  }
  // An assistant's message at the end is to be gone on with.
  llm::Message& last = messages.back();
  if (last.role == llm::Role::kAssistant && last.tool_calls.empty()) last.prefix = true;
  return messages;
}

Result<> parse_tools(const Fields& body, Call& call) {
  const Json* tools = SEINE_TRY(body.array("tools", kToolsMax));
  for (std::size_t i = 0; tools != nullptr && i < tools->size(); ++i) {
    const Fields tool = SEINE_TRY(Fields::of((*tools)[i], element("tools", i)));
    const auto type = SEINE_TRY(tool.get_or<std::string>("type", "custom"));
    if (type.starts_with("web_search")) {
      call.web.emplace();
      const Json* domains = SEINE_TRY(tool.array("allowed_domains", kBlocksMax));
      for (std::size_t d = 0; domains != nullptr && d < domains->size(); ++d) {
        if ((*domains)[d].is_string()) call.web->sites.push_back((*domains)[d].get<std::string>());
      }
      continue;
    }
    if (type != "custom") {
      return fail_field(Code::kInvalidArgument, tool.at("type"),
                        "a tool is one of your own or web_search, not '{}'", type);
    }
    const Json* schema = SEINE_TRY(tool.object("input_schema"));
    call.request.tools.push_back(
        {.name = SEINE_TRY(tool.require<std::string>("name")),
         .description = SEINE_TRY(tool.get_or<std::string>("description", "")),
         .parameters = schema != nullptr ? base::to_text(*schema) : R"({"type":"object"})",
         .strict = SEINE_TRY(tool.get_or<bool>("strict", false))});
  }
  const Json* choice = SEINE_TRY(body.object("tool_choice"));
  if (choice == nullptr) return {};
  using Mode = llm::ToolChoice::Mode;
  const Fields fields(*choice, "tool_choice");
  const auto type = SEINE_TRY(fields.require<std::string>("type"));
  if (type == "any") {
    call.request.tool_choice = {Mode::kRequired, {}};
  } else if (type == "none") {
    call.request.tool_choice = {Mode::kNone, {}};
  } else if (type == "tool") {
    call.request.tool_choice = {Mode::kNamed, SEINE_TRY(fields.require<std::string>("name"))};
  } else if (type != "auto") {
    return fail_field(Code::kInvalidArgument, fields.at("type"),
                      "a tool choice is auto, any, tool or none, not '{}'", type);
  }
  call.request.parallel_tool_calls =
      !SEINE_TRY(fields.get_or<bool>("disable_parallel_tool_use", false));
  return {};
}

// Thinking is off unless asked for; `output_config.effort` says how much.
Result<llm::Effort> parse_thinking(const Fields& body) {
  llm::Effort effort = llm::Effort::kOff;
  if (const Json* thinking = SEINE_TRY(body.object("thinking"))) {
    const Fields fields(*thinking, "thinking");
    const auto type = SEINE_TRY(fields.require<std::string>("type"));
    const std::uint32_t budget =
        SEINE_TRY(fields.count("budget_tokens", 0, UINT32_MAX)).value_or(kLowBudget + 1);
    if (type == "enabled" || type == "adaptive") {
      effort = budget <= kLowBudget   ? llm::Effort::kLow
               : budget >= kMaxBudget ? llm::Effort::kMax
                                      : llm::Effort::kHigh;
    } else if (type != "disabled") {
      return fail_field(Code::kInvalidArgument, fields.at("type"),
                        "thinking is enabled, adaptive or disabled, not '{}'", type);
    }
  }
  if (const Json* config = SEINE_TRY(body.object("output_config"))) {
    const Fields fields(*config, "output_config");
    const auto name = SEINE_TRY(fields.get<std::string>("effort"));
    if (name && effort != llm::Effort::kOff) {
      effort = SEINE_TRY(openai::parse_effort(*name, fields.at("effort")));
    }
  }
  return effort;
}

}  // namespace

Result<MessagesCall> parse_messages(const Json& json, Purpose purpose) {
  const Fields body(json, "");
  MessagesCall parsed;
  llm::ChatRequest& request = parsed.call.request;
  request.model = SEINE_TRY(body.require<std::string>("model"));
  request.max_tokens = SEINE_TRY(body.count("max_tokens", 1, UINT32_MAX));
  if (!request.max_tokens && purpose == Purpose::kAnswer) {
    return fail_field(Code::kInvalidArgument, "max_tokens", "'max_tokens' is missing");
  }
  request.messages = SEINE_TRY(parse_conversation(body));
  SEINE_CHECK(parse_tools(body, parsed.call));
  request.effort = SEINE_TRY(parse_thinking(body));
  request.stop = SEINE_TRY(openai::parse_stop(body, "stop_sequences"));
  request.sampling.temperature = SEINE_TRY(body.number("temperature", 0, 1)).value_or(1);
  request.sampling.top_p = SEINE_TRY(body.number("top_p", 0, 1)).value_or(1);
  request.sampling.top_k = SEINE_TRY(body.count("top_k", 0, 1'000'000)).value_or(0);
  parsed.stream = SEINE_TRY(body.get_or<bool>("stream", false));
  return parsed;
}

}  // namespace seine::gateway::anthropic
