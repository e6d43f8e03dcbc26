#include "remote/chat_form.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

namespace seine::remote {
namespace {

using base::Code;
using base::Json;
using base::Result;

// What a service says about its failure is told in one line.
constexpr std::size_t kSaidBytesMax = 300;
constexpr std::uint32_t kCallsMax = 128;

Json to_json(const llm::Message& message) {
  Json json = {{"role", llm::role_name(message.role)}, {"content", message.content}};
  if (!message.reasoning.empty()) json["reasoning_content"] = message.reasoning;
  if (!message.tool_call_id.empty()) json["tool_call_id"] = message.tool_call_id;
  if (!message.name.empty()) json["name"] = message.name;
  if (message.prefix) json["prefix"] = true;
  if (message.tool_calls.empty()) return json;
  Json calls = Json::array();
  for (const llm::ToolCall& call : message.tool_calls) {
    calls.push_back({{"id", call.id},
                     {"type", "function"},
                     {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
  }
  json["tool_calls"] = std::move(calls);
  return json;
}

Result<Json> to_json(const llm::Tool& tool) {
  Json function = {{"name", tool.name}, {"description", tool.description}};
  if (!tool.parameters.empty()) {
    function["parameters"] = SEINE_TRY(base::parse_json(tool.parameters));
  }
  if (tool.strict) function["strict"] = true;
  return Json{{"type", "function"}, {"function", std::move(function)}};
}

Json to_json(const llm::ToolChoice& choice) {
  switch (choice.mode) {
    case llm::ToolChoice::Mode::kAuto:
      return "auto";
    case llm::ToolChoice::Mode::kNone:
      return "none";
    case llm::ToolChoice::Mode::kRequired:
      return "required";
    case llm::ToolChoice::Mode::kNamed:
      break;
  }
  return {{"type", "function"}, {"function", {{"name", choice.name}}}};
}

// Only what differs from the dialect's own defaults: services refuse members that they do not know.
void put_sampling(Json& body, const llm::Sampling& sampling) {
  const llm::Sampling plain;
  const auto put = [&body](const char* name, auto value, auto otherwise) {
    if (value != otherwise) body[name] = value;
  };
  put("temperature", sampling.temperature, plain.temperature);
  put("top_p", sampling.top_p, plain.top_p);
  put("top_k", sampling.top_k, plain.top_k);
  put("min_p", sampling.min_p, plain.min_p);
  put("typical_p", sampling.typical_p, plain.typical_p);
  put("repetition_penalty", sampling.repetition_penalty, plain.repetition_penalty);
  put("presence_penalty", sampling.presence_penalty, plain.presence_penalty);
  put("frequency_penalty", sampling.frequency_penalty, plain.frequency_penalty);
  if (sampling.seed) body["seed"] = *sampling.seed;
  for (const auto& [token, bias] : sampling.logit_bias) {
    body["logit_bias"][std::to_string(token)] = bias;
  }
}

Result<> put_constraint(Json& body, const llm::Constraint& constraint) {
  if (std::holds_alternative<llm::JsonObjectConstraint>(constraint)) {
    body["response_format"] = {{"type", "json_object"}};
    return {};
  }
  if (const auto* schema = std::get_if<llm::JsonSchemaConstraint>(&constraint)) {
    body["response_format"] = {{"type", "json_schema"},
                               {"json_schema",
                                {{"name", "answer"},
                                 {"strict", true},
                                 {"schema", SEINE_TRY(base::parse_json(schema->schema))}}}};
    return {};
  }
  if (std::holds_alternative<std::monostate>(constraint)) return {};
  return base::fail(Code::kUnimplemented,
                    "a remote model cannot be held to a regular expression or to spans");
}

void put_effort(Json& body, llm::Effort effort) {
  body["thinking"] = {{"type", effort == llm::Effort::kOff ? "disabled" : "enabled"}};
  if (effort == llm::Effort::kLow) body["reasoning_effort"] = "low";
  if (effort == llm::Effort::kHigh) body["reasoning_effort"] = "high";
  if (effort == llm::Effort::kMax) body["reasoning_effort"] = "max";
}

std::string one_line(std::string_view text) {
  std::string line = base::to_valid_utf8(base::trim(text));
  line.resize(base::utf8_prefix(line, kSaidBytesMax));
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return line;
}

// {"error":{"message"}} or {"error":"…"} or {"message"}; else nothing.
std::string said_in(const Json& json) {
  const Json* error = base::find(json, "error");
  if (error != nullptr && error->is_string()) return one_line(error->get_ref<const std::string&>());
  const auto message = base::get<std::string_view>(
      error != nullptr && error->is_object() ? *error : json, "message");
  return message && *message ? one_line(**message) : std::string();
}

Result<std::uint64_t> count_at(const Json& json, std::string_view key) {
  return base::get_or<std::uint64_t>(json, key, 0);
}

Result<std::vector<llm::TokenLogprob>> read_logprobs(const Json& choice) {
  std::vector<llm::TokenLogprob> out;
  const Json* logprobs = base::find(choice, "logprobs");
  const Json* content = logprobs != nullptr ? base::find(*logprobs, "content") : nullptr;
  if (content == nullptr || !content->is_array()) return out;
  for (const Json& item : *content) {
    llm::TokenLogprob token{.token = SEINE_TRY(base::require<std::string>(item, "token")),
                            .logprob = SEINE_TRY(base::require<double>(item, "logprob"))};
    if (const Json* top = base::find(item, "top_logprobs"); top != nullptr && top->is_array()) {
      for (const Json& other : *top) {
        token.top.emplace_back(SEINE_TRY(base::require<std::string>(other, "token")),
                               SEINE_TRY(base::require<double>(other, "logprob")));
      }
    }
    out.push_back(std::move(token));
  }
  return out;
}

}  // namespace

Result<std::string> request_body(const llm::ChatRequest& request, std::string_view model) {
  Json messages = Json::array();
  for (const llm::Message& message : request.messages) messages.push_back(to_json(message));
  Json body = {{"model", model},
               {"messages", std::move(messages)},
               {"stream", true},
               {"stream_options", {{"include_usage", true}}}};
  for (const llm::Tool& tool : request.tools) body["tools"].push_back(SEINE_TRY(to_json(tool)));
  if (!request.tools.empty()) {
    body["tool_choice"] = to_json(request.tool_choice);
    if (!request.parallel_tool_calls) body["parallel_tool_calls"] = false;
  }
  put_sampling(body, request.sampling);
  SEINE_CHECK(put_constraint(body, request.constraint));
  if (!request.stop.empty()) body["stop"] = request.stop;
  if (!request.stop_tokens.empty()) body["stop_token_ids"] = request.stop_tokens;
  if (request.max_tokens) body["max_tokens"] = *request.max_tokens;
  if (request.top_logprobs) {
    body["logprobs"] = true;
    if (*request.top_logprobs > 0) body["top_logprobs"] = *request.top_logprobs;
  }
  if (request.effort) put_effort(body, *request.effort);
  return base::to_text(body);
}

base::Error refusal(int status, std::string_view body) {
  std::string said;
  if (const auto json = base::parse_json(body); json && json->is_object()) said = said_in(*json);
  if (said.empty()) said = "it gave no reason";
  switch (status) {
    case 401:
    case 403:
      return {Code::kUnavailable,
              fmt::format("the model service does not accept its key (HTTP {}): {}", status, said)};
    case 402:
      return {Code::kUnavailable,
              fmt::format("the model service has no balance left (HTTP {}): {}", status, said)};
    case 404:
      return {Code::kNotFound,
              fmt::format("the model service does not know this model or address (HTTP {}): {}",
                          status, said)};
    case 429:
      return {Code::kResourceExhausted,
              fmt::format("the model service has no room (HTTP {}): {}", status, said)};
    default:
      break;
  }
  if (status >= 400 && status < 500) {
    return {Code::kInvalidArgument,
            fmt::format("the model service refused the request (HTTP {}): {}", status, said)};
  }
  return {Code::kUnavailable, fmt::format("the model service failed (HTTP {}): {}", status, said)};
}

Result<> ChunkReader::read_delta(const Json& delta, std::vector<llm::Delta>& out) {
  // DeepSeek's name, and the one of servers that follow OpenRouter.
  for (const std::string_view key : {"reasoning_content", "reasoning"}) {
    auto text = SEINE_TRY(base::get_or<std::string>(delta, key, ""));
    if (text.empty()) continue;
    bytes_ += text.size();
    out.emplace_back(llm::ReasoningDelta{std::move(text)});
    break;
  }
  if (auto text = SEINE_TRY(base::get_or<std::string>(delta, "content", "")); !text.empty()) {
    bytes_ += text.size();
    out.emplace_back(llm::TextDelta{std::move(text)});
  }
  const Json* calls = base::find(delta, "tool_calls");
  if (calls == nullptr) return {};
  if (!calls->is_array()) return base::fail(Code::kDataLoss, "'tool_calls' is no array");
  for (const Json& call : *calls) {
    const auto index = SEINE_TRY(base::get_or<std::uint64_t>(call, "index", 0));
    if (index >= kCallsMax) {
      return base::fail(Code::kDataLoss, "tool call {} of {} at most", index, kCallsMax);
    }
    llm::ToolCallDelta piece{.index = static_cast<std::uint32_t>(index),
                             .id = SEINE_TRY(base::get_or<std::string>(call, "id", ""))};
    if (const Json* function = base::find(call, "function")) {
      piece.name = SEINE_TRY(base::get_or<std::string>(*function, "name", ""));
      piece.arguments = SEINE_TRY(base::get_or<std::string>(*function, "arguments", ""));
    }
    bytes_ += piece.name.size() + piece.arguments.size();
    out.emplace_back(std::move(piece));
  }
  return {};
}

Result<> ChunkReader::read_usage(const Json& usage) {
  usage_.prompt_tokens = SEINE_TRY(count_at(usage, "prompt_tokens"));
  usage_.completion_tokens = SEINE_TRY(count_at(usage, "completion_tokens"));
  usage_.cached_tokens = SEINE_TRY(count_at(usage, "prompt_cache_hit_tokens"));
  if (const Json* details = base::find(usage, "prompt_tokens_details")) {
    const std::uint64_t cached = SEINE_TRY(count_at(*details, "cached_tokens"));
    usage_.cached_tokens = std::max(usage_.cached_tokens, cached);
  }
  if (const Json* details = base::find(usage, "completion_tokens_details")) {
    usage_.reasoning_tokens = SEINE_TRY(count_at(*details, "reasoning_tokens"));
  }
  return {};
}

Result<std::vector<llm::Delta>> ChunkReader::feed(std::string_view data) {
  const auto malformed = [](const base::Error& error) {
    return base::fail(Code::kDataLoss, "the model service sent what cannot be read: {}",
                      error.message);
  };
  const Result<Json> chunk = base::parse_json(data);
  if (!chunk) return malformed(chunk.error());
  if (!chunk->is_object()) return malformed({Code::kDataLoss, "a chunk is no object"});
  if (base::find(*chunk, "error") != nullptr) {
    const std::string said = said_in(*chunk);
    return base::fail(Code::kUnavailable, "the model service failed: {}",
                      said.empty() ? "it gave no reason" : said);
  }
  std::vector<llm::Delta> out;
  if (const Json* usage = base::find(*chunk, "usage")) {
    if (const auto read = read_usage(*usage); !read) return malformed(read.error());
  }
  const Json* choices = base::find(*chunk, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty()) return out;
  const Json& choice = choices->front();
  if (const Json* delta = base::find(choice, "delta")) {
    if (const auto read = read_delta(*delta, out); !read) return malformed(read.error());
  }
  auto logprobs = read_logprobs(choice);
  if (!logprobs) return malformed(logprobs.error());
  if (!logprobs->empty()) {
    const auto text = std::ranges::find_if(
        out, [](const llm::Delta& delta) { return std::holds_alternative<llm::TextDelta>(delta); });
    if (text != out.end()) std::get<llm::TextDelta>(*text).logprobs = *std::move(logprobs);
  }
  if (bytes_ > kAnswerBytesMax) {
    return base::fail(Code::kResourceExhausted,
                      "the model service's answer passes {} bytes, the limit",
                      base::format_count(kAnswerBytesMax));
  }
  const auto reason = base::get_or<std::string>(choice, "finish_reason", "");
  if (!reason) return malformed(reason.error());
  if (*reason == "length") {
    reason_ = llm::FinishReason::kLength;
  } else if (*reason == "tool_calls") {
    reason_ = llm::FinishReason::kToolCalls;
  } else if (!reason->empty()) {
    reason_ = llm::FinishReason::kStop;
  }
  return out;
}

Result<llm::Finish> ChunkReader::finish() const {
  if (!reason_) {
    return base::fail(Code::kUnavailable, "the model service broke off before the answer's end");
  }
  return llm::Finish{.reason = *reason_, .usage = usage_};
}

}  // namespace seine::remote
