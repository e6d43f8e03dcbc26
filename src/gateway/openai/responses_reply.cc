#include "gateway/openai/responses_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gateway/api_error.h"

namespace seine::gateway::openai {
namespace {

using base::Json;

Json annotations(const std::vector<UrlCitation>& citations) {
  Json list = Json::array();
  for (const UrlCitation& citation : citations) {
    list.push_back({{"type", "url_citation"},
                    {"start_index", citation.start},
                    {"end_index", citation.end},
                    {"url", citation.url},
                    {"title", citation.title}});
  }
  return list;
}

std::string item_id(const ReplyHead& head, std::string_view kind, std::size_t index) {
  return fmt::format("{}_{}_{}", kind, head.id.substr(head.id.find('_') + 1), index);
}

Json text_part(std::string_view text, Json notes) {
  return {{"type", "output_text"},
          {"text", text},
          {"annotations", std::move(notes)},
          {"logprobs", Json::array()}};
}

Json message_item(const ReplyHead& head, std::size_t index, std::string_view status, Json content) {
  return {{"id", item_id(head, "msg", index)},
          {"type", "message"},
          {"status", status},
          {"role", "assistant"},
          {"content", std::move(content)}};
}

Json reasoning_item(const ReplyHead& head, std::size_t index, Json content) {
  return {{"id", item_id(head, "rs", index)},
          {"type", "reasoning"},
          {"summary", Json::array()},
          {"content", std::move(content)}};
}

Json reasoning_part(std::string_view text) {
  return {{"type", "reasoning_text"}, {"text", text}};
}

Json call_item(const ReplyHead& head, std::size_t index, std::string_view status,
               const llm::ToolCall& call) {
  return {{"id", item_id(head, "fc", index)},
          {"type", "function_call"},
          {"status", status},
          {"call_id", call.id},
          {"name", call.name},
          {"arguments", call.arguments}};
}

Json usage(const llm::Usage& usage) {
  return {{"input_tokens", usage.prompt_tokens},
          {"input_tokens_details",
           {{"cached_tokens", std::min(usage.cached_tokens, usage.prompt_tokens)}}},
          {"output_tokens", usage.completion_tokens},
          {"output_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

Json seine_object(const WebExtras& extras) {
  return base::parse_json(extras.seine).value_or(Json(nullptr));
}

std::string_view status_of(const llm::Finish& finish) {
  return finish.reason == llm::FinishReason::kLength ? "incomplete" : "completed";
}

}  // namespace

Json response_output(const ReplyHead& head, const Gathered& answer, const WebExtras* extras) {
  Json output = Json::array();
  if (!answer.reasoning.empty()) {
    output.push_back(
        reasoning_item(head, output.size(), Json::array({reasoning_part(answer.reasoning)})));
  }
  if (!answer.text.empty() || answer.tool_calls.empty()) {
    Json notes = extras != nullptr ? annotations(extras->citations) : Json::array();
    output.push_back(message_item(head, output.size(), "completed",
                                  Json::array({text_part(answer.text, std::move(notes))})));
  }
  for (const llm::ToolCall& call : answer.tool_calls) {
    output.push_back(call_item(head, output.size(), "completed", call));
  }
  return output;
}

Json response_json(const ReplyHead& head, const Json& echo, std::string_view status, Json output,
                   const llm::Finish* finish, const base::Error* error) {
  Json body = {{"id", head.id},
               {"object", "response"},
               {"created_at", head.created_s},
               {"status", status},
               {"background", false},
               {"model", head.model},
               {"output", std::move(output)}};
  body["error"] = error == nullptr ? Json(nullptr)
                                   : Json{{"code", "server_error"}, {"message", error->message}};
  body["incomplete_details"] =
      status == "incomplete" ? Json{{"reason", "max_output_tokens"}} : Json(nullptr);
  for (const auto& [key, value] : echo.items()) body[key] = value;
  body["usage"] = finish != nullptr ? usage(finish->usage) : Json(nullptr);
  return body;
}

Json finished_response(const ReplyHead& head, const Json& echo, const Gathered& answer,
                       const WebExtras* extras) {
  Json body = response_json(head, echo, status_of(answer.finish),
                            response_output(head, answer, extras), &answer.finish, nullptr);
  if (extras != nullptr && !extras->seine.empty()) body["seine"] = seine_object(*extras);
  return body;
}

void ResponseEvents::event(std::string& out, std::string_view type, Json members) {
  Json data = {{"type", type}, {"sequence_number", sequence_++}};
  for (auto& [key, value] : members.items()) data[key] = std::move(value);
  fmt::format_to(std::back_inserter(out), "event: {}\ndata: {}\n\n", type, base::to_text(data));
}

void ResponseEvents::begin(std::string& out) {
  const Json response = response_json(head_, echo_, "in_progress", Json::array(), nullptr, nullptr);
  event(out, "response.created", {{"response", response}});
  event(out, "response.in_progress", {{"response", response}});
}

Json ResponseEvents::item_json() const {
  switch (item_) {
    case Item::kReasoning:
      return reasoning_item(head_, index_,
                            Json::array({reasoning_part(answer_.reasoning.substr(text_from_))}));
    case Item::kMessage:
      return message_item(
          head_, index_, "completed",
          Json::array({text_part(answer_.text.substr(text_from_),
                                 has_extras_ ? annotations(extras_.citations) : Json::array())}));
    case Item::kCall:
      return call_item(head_, index_, "completed", answer_.tool_calls[call_]);
    case Item::kNone:
      break;
  }
  return nullptr;
}

void ResponseEvents::open(std::string& out, Item item, std::uint32_t call) {
  if (item_ == item && (item != Item::kCall || call_ == call)) return;
  close(out);
  item_ = item;
  call_ = call;
  if (item == Item::kCall) {
    llm::ToolCall begun = answer_.tool_calls[call];
    begun.arguments.clear();
    event(out, "response.output_item.added",
          {{"output_index", index_}, {"item", call_item(head_, index_, "in_progress", begun)}});
    return;
  }
  const bool message = item == Item::kMessage;
  text_from_ = message ? answer_.text.size() : answer_.reasoning.size();
  const Json empty = message ? message_item(head_, index_, "in_progress", Json::array())
                             : reasoning_item(head_, index_, Json::array());
  event(out, "response.output_item.added", {{"output_index", index_}, {"item", empty}});
  event(out, "response.content_part.added",
        {{"item_id", empty["id"]},
         {"output_index", index_},
         {"content_index", 0},
         {"part", message ? text_part("", Json::array()) : reasoning_part("")}});
}

void ResponseEvents::close(std::string& out) {
  if (item_ == Item::kNone) return;
  Json item = item_json();
  const Json place = {{"item_id", item["id"]}, {"output_index", index_}};
  if (item_ == Item::kCall) {
    Json members = place;
    members["arguments"] = item["arguments"];
    event(out, "response.function_call_arguments.done", std::move(members));
  } else {
    const Json& part = item["content"][0];
    Json members = place;
    members["content_index"] = 0;
    members["text"] = part["text"];
    if (item_ == Item::kMessage) members["logprobs"] = Json::array();
    event(out,
          item_ == Item::kMessage ? "response.output_text.done" : "response.reasoning_text.done",
          std::move(members));
    members = place;
    members["content_index"] = 0;
    members["part"] = part;
    event(out, "response.content_part.done", std::move(members));
  }
  event(out, "response.output_item.done", {{"output_index", index_}, {"item", item}});
  output_.push_back(std::move(item));
  item_ = Item::kNone;
  ++index_;
}

void ResponseEvents::piece(std::string& out, std::uint32_t, const llm::Delta& delta) {
  const auto piece = [&](std::string_view type, std::string_view kind, const std::string& text,
                         bool content) {
    Json members = {{"item_id", item_id(head_, kind, index_)}, {"output_index", index_}};
    if (content) members["content_index"] = 0;
    members["delta"] = text;
    if (kind == "msg") members["logprobs"] = Json::array();
    event(out, type, std::move(members));
  };
  if (const auto* text = std::get_if<llm::TextDelta>(&delta)) {
    open(out, Item::kMessage);
    piece("response.output_text.delta", "msg", text->text, true);
    answer_.add(delta);
  } else if (const auto* thought = std::get_if<llm::ReasoningDelta>(&delta)) {
    open(out, Item::kReasoning);
    piece("response.reasoning_text.delta", "rs", thought->text, true);
    answer_.add(delta);
  } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&delta)) {
    answer_.add(delta);
    // What Gathered does not take (an index past its bound) has no item either.
    if (call->index >= answer_.tool_calls.size()) return;
    open(out, Item::kCall, call->index);
    if (call->arguments.empty()) return;
    piece("response.function_call_arguments.delta", "fc", call->arguments, false);
  } else {
    answer_.add(delta);
  }
}

void ResponseEvents::extras(std::string& out, const WebExtras& extras) {
  open(out, Item::kMessage);
  extras_ = extras;
  has_extras_ = true;
  const Json notes = annotations(extras.citations);
  for (std::size_t i = 0; i < notes.size(); ++i) {
    event(out, "response.output_text.annotation.added",
          {{"item_id", item_id(head_, "msg", index_)},
           {"output_index", index_},
           {"content_index", 0},
           {"annotation_index", i},
           {"annotation", notes[i]}});
  }
}

void ResponseEvents::end(std::string& out) {
  if (item_ == Item::kNone && output_.empty()) open(out, Item::kMessage);
  close(out);
  const std::string_view status = status_of(answer_.finish);
  response_ = response_json(head_, echo_, status, output_, &answer_.finish, nullptr);
  if (has_extras_ && !extras_.seine.empty()) response_["seine"] = seine_object(extras_);
  event(out, fmt::format("response.{}", status), {{"response", response_}});
}

void ResponseEvents::failure(std::string& out, const base::Error& error) {
  event(out, "response.failed",
        {{"response", response_json(head_, echo_, "failed", output_, nullptr, &error)}});
}

}  // namespace seine::gateway::openai
