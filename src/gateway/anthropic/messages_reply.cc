#include "gateway/anthropic/messages_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "gateway/api_error.h"

namespace seine::gateway::anthropic {
namespace {

using base::Json;

// Thinking of our models is plain text that nobody signs; clients send the mark back unread.
constexpr std::string_view kSignature = "unsigned";

void event(std::string& out, std::string_view type, const Json& data) {
  fmt::format_to(std::back_inserter(out), "event: {}\ndata: {}\n\n", type, base::to_text(data));
}

Json usage_json(const llm::Usage& usage) {
  const std::uint64_t cached = std::min(usage.cached_tokens, usage.prompt_tokens);
  return {{"input_tokens", usage.prompt_tokens - cached},
          {"cache_creation_input_tokens", 0},
          {"cache_read_input_tokens", cached},
          {"output_tokens", usage.completion_tokens}};
}

Json citation_json(const UrlCitation& citation) {
  return {{"type", "web_search_result_location"},
          {"url", citation.url},
          {"title", citation.title},
          {"encrypted_index", ""},
          {"cited_text", citation.quote}};
}

Json stop_sequence_json(const llm::Finish& finish) {
  return finish.stop_text.empty() ? Json(nullptr) : Json(finish.stop_text);
}

// Arguments are the model's words and may be no JSON; then the client sees them as one string.
Json arguments_json(const std::string& arguments) {
  if (arguments.empty()) return Json::object();
  return base::parse_json(arguments).value_or(Json{{"arguments", arguments}});
}

}  // namespace

std::string_view stop_reason(const llm::Finish& finish) {
  switch (finish.reason) {
    case llm::FinishReason::kLength:
      return "max_tokens";
    case llm::FinishReason::kToolCalls:
      return "tool_use";
    case llm::FinishReason::kStop:
      break;
  }
  return finish.stop_text.empty() ? "end_turn" : "stop_sequence";
}

void MessageEvents::begin(std::string& out) {
  event(out, "message_start",
        {{"type", "message_start"},
         {"message",
          {{"id", head_.id},
           {"type", "message"},
           {"role", "assistant"},
           {"model", head_.model},
           {"content", Json::array()},
           {"stop_reason", nullptr},
           {"stop_sequence", nullptr},
           // Known at the end; message_delta has the true counts.
           {"usage", usage_json({})}}}});
}

void MessageEvents::open(std::string& out, Block block, const Json& content) {
  close(out);
  block_ = block;
  event(out, "content_block_start",
        {{"type", "content_block_start"}, {"index", next_}, {"content_block", content}});
}

void MessageEvents::delta(std::string& out, const Json& delta) const {
  event(out, "content_block_delta",
        {{"type", "content_block_delta"}, {"index", next_}, {"delta", delta}});
}

void MessageEvents::close(std::string& out) {
  if (block_ == Block::kNone) return;
  if (block_ == Block::kThinking) {
    delta(out, {{"type", "signature_delta"}, {"signature", kSignature}});
  }
  event(out, "content_block_stop", {{"type", "content_block_stop"}, {"index", next_}});
  block_ = Block::kNone;
  ++next_;
}

void MessageEvents::text_piece(std::string& out, Block block, std::string_view type,
                               std::string_view member, std::string_view text) {
  if (block_ != block) {
    Json content = {{"type", type}, {std::string(member), ""}};
    if (block == Block::kThinking) content["signature"] = "";
    open(out, block, content);
  }
  delta(out, {{"type", fmt::format("{}_delta", type)}, {std::string(member), text}});
}

void MessageEvents::tool_piece(std::string& out, const llm::ToolCallDelta& call) {
  if (block_ != Block::kTool || tool_ != call.index) {
    tool_ = call.index;
    open(out, Block::kTool,
         {{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", Json::object()}});
  }
  if (call.arguments.empty()) return;
  delta(out, {{"type", "input_json_delta"}, {"partial_json", call.arguments}});
}

void MessageEvents::piece(std::string& out, std::uint32_t, const llm::Delta& piece) {
  if (const auto* text = std::get_if<llm::TextDelta>(&piece)) {
    text_piece(out, Block::kText, "text", "text", text->text);
  } else if (const auto* thought = std::get_if<llm::ReasoningDelta>(&piece)) {
    text_piece(out, Block::kThinking, "thinking", "thinking", thought->text);
  } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&piece)) {
    tool_piece(out, *call);
  } else if (const auto* finish = std::get_if<llm::Finish>(&piece)) {
    finish_ = *finish;
  }
}

void MessageEvents::extras(std::string& out, const WebExtras& extras) {
  if (block_ != Block::kText) open(out, Block::kText, {{"type", "text"}, {"text", ""}});
  for (const UrlCitation& citation : extras.citations) {
    delta(out, {{"type", "citations_delta"}, {"citation", citation_json(citation)}});
  }
  seine_ = extras.seine;
}

void MessageEvents::end(std::string& out) {
  close(out);
  const llm::Finish finish = finish_.value_or(llm::Finish{});
  Json data = {
      {"type", "message_delta"},
      {"delta",
       {{"stop_reason", stop_reason(finish)}, {"stop_sequence", stop_sequence_json(finish)}}},
      {"usage", usage_json(finish.usage)}};
  if (!seine_.empty()) data["seine"] = base::parse_json(seine_).value_or(Json(nullptr));
  event(out, "message_delta", data);
  event(out, "message_stop", {{"type", "message_stop"}});
}

void MessageEvents::failure(std::string& out, const base::Error& error) {
  out += "event: error\ndata: ";
  out += anthropic_error(error, head_.request_id);
  out += "\n\n";
}

void MessageEvents::keep_alive(std::string& out) {
  event(out, "ping", {{"type", "ping"}});
}

std::string message_body(const MessageHead& head, const Gathered& answer, const WebExtras* extras) {
  Json content = Json::array();
  if (!answer.reasoning.empty()) {
    content.push_back(
        {{"type", "thinking"}, {"thinking", answer.reasoning}, {"signature", kSignature}});
  }
  if (!answer.text.empty() || answer.tool_calls.empty()) {
    Json text = {{"type", "text"}, {"text", answer.text}};
    if (extras != nullptr) {
      Json citations = Json::array();
      for (const UrlCitation& citation : extras->citations) {
        citations.push_back(citation_json(citation));
      }
      text["citations"] = std::move(citations);
    }
    content.push_back(std::move(text));
  }
  for (const llm::ToolCall& call : answer.tool_calls) {
    content.push_back({{"type", "tool_use"},
                       {"id", call.id},
                       {"name", call.name},
                       {"input", arguments_json(call.arguments)}});
  }
  Json body = {{"id", head.id},
               {"type", "message"},
               {"role", "assistant"},
               {"model", head.model},
               {"content", std::move(content)},
               {"stop_reason", stop_reason(answer.finish)},
               {"stop_sequence", stop_sequence_json(answer.finish)},
               {"usage", usage_json(answer.finish.usage)}};
  if (extras != nullptr && !extras->seine.empty()) {
    body["seine"] = base::parse_json(extras->seine).value_or(Json(nullptr));
  }
  return base::to_text(body);
}

}  // namespace seine::gateway::anthropic
