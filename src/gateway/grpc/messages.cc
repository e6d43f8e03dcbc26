#include "gateway/grpc/messages.h"

#include <google/protobuf/util/json_util.h>
#include <seine/v1/generation.pb.h>

#include "base/json.h"
#include "base/utf8.h"
#include "gateway/fields.h"
#include "gateway/generation/probe.h"
#include "gateway/openai/chat_request.h"

namespace seine::gateway::grpc {
namespace {

using base::Code;
using base::Json;
using base::Result;

// JSON text that a field holds; it must be an object.
Result<Json> schema_of(const std::string& text, const std::string& place) {
  Result<Json> schema = base::parse_json(text);
  if (!schema || !schema->is_object()) {
    return base::fail_field(Code::kInvalidArgument, place, "'{}' must be a JSON object as text",
                            place);
  }
  return schema;
}

Json call_json(const v1::ToolCall& call) {
  return {{"id", call.id()},
          {"type", "function"},
          {"function", {{"name", call.name()}, {"arguments", call.arguments()}}}};
}

Json message_json(const v1::Message& message) {
  Json json = {{"role", message.role()}};
  // An assistant that only calls tools or thinks has no content.
  const bool silent = message.content().empty() && message.role() == "assistant";
  if (!silent) json["content"] = message.content();
  if (!message.reasoning_content().empty()) json["reasoning_content"] = message.reasoning_content();
  if (!message.tool_call_id().empty()) json["tool_call_id"] = message.tool_call_id();
  if (!message.name().empty()) json["name"] = message.name();
  if (message.prefix()) json["prefix"] = true;
  for (const v1::ToolCall& call : message.tool_calls()) {
    json["tool_calls"].push_back(call_json(call));
  }
  return json;
}

Result<Json> tool_json(const v1::Tool& tool, const std::string& place) {
  Json function = {
      {"name", tool.name()}, {"description", tool.description()}, {"strict", tool.strict()}};
  if (!tool.parameters().empty()) {
    function["parameters"] = SEINE_TRY(schema_of(tool.parameters(), place + ".parameters"));
  }
  return Json{{"type", "function"}, {"function", std::move(function)}};
}

Result<Json> format_json(const v1::ResponseFormat& format) {
  Json json = {{"type", format.type()}};
  if (format.type() == "json_schema") {
    json["json_schema"]["schema"] = SEINE_TRY(schema_of(format.schema(), "response_format.schema"));
  }
  if (format.type() == "regex") json["pattern"] = format.pattern();
  return json;
}

Json web_json(const v1::WebSearchOptions& options) {
  Json json = Json::object();
  if (!options.search_context_size().empty()) {
    json["search_context_size"] = options.search_context_size();
  }
  if (!options.country().empty()) {
    json["user_location"] = {{"approximate", {{"country", options.country()}}}};
  }
  if (options.allowed_domains_size() > 0) {
    json["filters"]["allowed_domains"] = Json(std::vector<std::string>(
        options.allowed_domains().begin(), options.allowed_domains().end()));
  }
  return json;
}

void add_sampling(Json& json, const v1::GenerateRequest& request) {
  if (request.has_seed()) json["seed"] = request.seed();
  if (request.has_temperature()) json["temperature"] = request.temperature();
  if (request.has_top_p()) json["top_p"] = request.top_p();
  if (request.has_top_k()) json["top_k"] = request.top_k();
  if (request.has_min_p()) json["min_p"] = request.min_p();
  if (request.has_typical_p()) json["typical_p"] = request.typical_p();
  if (request.has_repetition_penalty()) json["repetition_penalty"] = request.repetition_penalty();
  if (request.has_presence_penalty()) json["presence_penalty"] = request.presence_penalty();
  if (request.has_frequency_penalty()) json["frequency_penalty"] = request.frequency_penalty();
  for (const auto& [token, bias] : request.logit_bias()) {
    json["logit_bias"][std::to_string(token)] = bias;
  }
}

Result<Json> chat_json(const v1::GenerateRequest& request) {
  Json json = {{"model", request.model()}, {"messages", Json::array()}};
  for (const v1::Message& message : request.messages()) {
    json["messages"].push_back(message_json(message));
  }
  for (int i = 0; i < request.tools_size(); ++i) {
    json["tools"].push_back(
        SEINE_TRY(tool_json(request.tools(i), element("tools", static_cast<std::size_t>(i)))));
  }
  if (const v1::ToolChoice& choice = request.tool_choice(); !choice.name().empty()) {
    json["tool_choice"] = {{"type", "function"}, {"function", {{"name", choice.name()}}}};
  } else if (!choice.mode().empty()) {
    json["tool_choice"] = choice.mode();
  }
  if (request.has_parallel_tool_calls())
    json["parallel_tool_calls"] = request.parallel_tool_calls();
  if (request.has_response_format()) {
    json["response_format"] = SEINE_TRY(format_json(request.response_format()));
  }
  for (const std::string& stop : request.stop()) json["stop"].push_back(stop);
  for (const std::uint32_t id : request.stop_token_ids()) json["stop_token_ids"].push_back(id);
  if (request.has_max_completion_tokens()) {
    json["max_completion_tokens"] = request.max_completion_tokens();
  }
  if (request.has_n()) json["n"] = request.n();
  add_sampling(json, request);
  if (request.has_logprobs()) json["logprobs"] = request.logprobs();
  if (request.has_top_logprobs()) json["top_logprobs"] = request.top_logprobs();
  if (request.has_reasoning_effort()) json["reasoning_effort"] = request.reasoning_effort();
  if (request.has_web_search_options()) {
    json["web_search_options"] = web_json(request.web_search_options());
  }
  return json;
}

// Where the parser of chat completions found the fault, under the names of the proto file.
std::string proto_place(std::string place) {
  for (const std::string_view level : {".function", ".user_location", ".filters"}) {
    if (const std::size_t at = place.find(level); at != std::string::npos) {
      place.erase(at, level.size());
    }
  }
  return place;
}

void append_event(std::string& out, const v1::GenerateEvent& event) {
  append_frame(out, event.SerializeAsString());
}

void add_logprobs(v1::Delta& delta, const std::vector<llm::TokenLogprob>& tokens) {
  for (const llm::TokenLogprob& token : tokens) {
    v1::TokenLogprob& entry = *delta.add_logprobs();
    entry.set_token(token.token);
    entry.set_logprob(token.logprob);
    for (const auto& [other, logprob] : token.top) {
      v1::TopLogprob& top = *entry.add_top_logprobs();
      top.set_token(other);
      top.set_logprob(logprob);
    }
  }
}

}  // namespace

Result<Call> parse_generate(std::string_view message) {
  v1::GenerateRequest request;
  if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return base::fail(Code::kInvalidArgument, "the message is no seine.v1.GenerateRequest");
  }
  const Json json = SEINE_TRY(chat_json(request));
  Result<openai::ChatCall> chat = openai::parse_chat(json);
  if (!chat) {
    chat.error().field = proto_place(std::move(chat.error().field));
    return std::unexpected(std::move(chat).error());
  }
  return std::move(chat->call);
}

net::Headers GenerateEvents::head() const {
  return {{"content-type", kContentType}, {"grpc-accept-encoding", "identity"}};
}

void GenerateEvents::begin(std::string& out) {
  v1::GenerateEvent event;
  v1::Started& started = *event.mutable_started();
  started.set_id(head_.id);
  started.set_model(head_.model);
  started.set_created(head_.created_s);
  append_event(out, event);
}

void GenerateEvents::piece(std::string& out, std::uint32_t answer, const llm::Delta& piece) {
  v1::GenerateEvent event;
  if (const auto* finish = std::get_if<llm::Finish>(&piece)) {
    usage_.add(answer, finish->usage);
    event.mutable_finish()->set_index(answer);
    event.mutable_finish()->set_finish_reason(std::string(finish_reason_name(finish->reason)));
    append_event(out, event);
    return;
  }
  v1::Delta& delta = *event.mutable_delta();
  delta.set_index(answer);
  if (const auto* text = std::get_if<llm::TextDelta>(&piece)) {
    delta.set_content(text->text);
    add_logprobs(delta, text->logprobs);
  } else if (const auto* thought = std::get_if<llm::ReasoningDelta>(&piece)) {
    delta.set_reasoning_content(thought->text);
  } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&piece)) {
    v1::ToolCallDelta& made = *delta.add_tool_calls();
    made.set_index(call->index);
    made.set_id(call->id);
    made.set_name(call->name);
    made.set_arguments(call->arguments);
  }
  append_event(out, event);
}

void GenerateEvents::extras(std::string& out, const WebExtras& extras) {
  v1::GenerateEvent event;
  v1::WebAnswer& answer = *event.mutable_web_answer();
  if (!extras.seine.empty()) {
    // The proto file has members of the object under their own names; the rest is left out.
    google::protobuf::util::JsonParseOptions options;
    options.ignore_unknown_fields = true;
    const auto parsed = google::protobuf::util::JsonStringToMessage(extras.seine, &answer, options);
    if (!parsed.ok()) answer.Clear();
  }
  for (const UrlCitation& citation : extras.citations) {
    v1::UrlCitation& entry = *answer.add_annotations();
    entry.set_start_index(citation.start);
    entry.set_end_index(citation.end);
    entry.set_url(base::to_valid_utf8(citation.url));
    entry.set_title(base::to_valid_utf8(citation.title));
  }
  append_event(out, event);
}

void GenerateEvents::end(std::string& out) {
  const llm::Usage& sum = usage_.sum();
  v1::GenerateEvent event;
  v1::Usage& usage = *event.mutable_usage();
  usage.set_prompt_tokens(sum.prompt_tokens);
  usage.set_cached_tokens(sum.cached_tokens);
  usage.set_completion_tokens(sum.completion_tokens);
  usage.set_reasoning_tokens(sum.reasoning_tokens);
  usage.set_total_tokens(sum.prompt_tokens + sum.completion_tokens);
  append_event(out, event);
  trailers_ = ok_fields();
}

void GenerateEvents::failure(std::string&, const base::Error& error) {
  trailers_ = status_fields(error);
}

}  // namespace seine::gateway::grpc
