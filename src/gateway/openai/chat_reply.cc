#include "gateway/openai/chat_reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/json.h"
#include "base/utf8.h"
#include "gateway/api_error.h"
#include "gateway/generation/probe.h"

namespace seine::gateway::openai {
namespace {

using base::Json;

// JSON has no -inf; SDKs read a very small number.
constexpr double kLogprobMin = -9999.0;

void append_number(std::string& out, double value) {
  fmt::format_to(std::back_inserter(out), "{}",
                 std::isfinite(value) ? std::max(value, kLogprobMin) : kLogprobMin);
}

void append_token(std::string& out, std::string_view token, double logprob) {
  out += R"({"token":)";
  base::append_json_string(out, base::to_valid_utf8(token));
  out += R"(,"logprob":)";
  append_number(out, logprob);
  // A token may be a part of a character, so its bytes are said, too.
  out += R"(,"bytes":[)";
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (i > 0) out += ',';
    out += std::to_string(static_cast<unsigned>(static_cast<unsigned char>(token[i])));
  }
  out += ']';
}

void append_logprobs(std::string& out, const std::vector<llm::TokenLogprob>& tokens) {
  out += R"({"content":[)";
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) out += ',';
    append_logprob(out, tokens[i]);
  }
  out += R"(],"refusal":null})";
}

Json tool_call_json(const llm::ToolCall& call) {
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

}  // namespace

void append_logprob(std::string& out, const llm::TokenLogprob& token) {
  append_token(out, token.token, token.logprob);
  out += R"(,"top_logprobs":[)";
  for (std::size_t i = 0; i < token.top.size(); ++i) {
    if (i > 0) out += ',';
    append_token(out, token.top[i].first, token.top[i].second);
    out += '}';
  }
  out += "]}";
}

Json usage_json(const llm::Usage& usage) {
  const std::uint64_t cached = std::min(usage.cached_tokens, usage.prompt_tokens);
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", cached}}},
          {"completion_tokens_details", {{"reasoning_tokens", usage.reasoning_tokens}}},
          {"prompt_cache_hit_tokens", cached},
          {"prompt_cache_miss_tokens", usage.prompt_tokens - cached}};
}

Json annotations_json(const std::vector<UrlCitation>& citations) {
  Json list = Json::array();
  for (const UrlCitation& citation : citations) {
    list.push_back({{"type", "url_citation"},
                    {"url_citation",
                     {{"start_index", citation.start},
                      {"end_index", citation.end},
                      {"url", citation.url},
                      {"title", citation.title}}}});
  }
  return list;
}

ChatChunks::ChatChunks(const ReplyHead& head, std::uint32_t answers, bool include_usage,
                       bool logprobs)
    : include_usage_(include_usage),
      logprobs_(logprobs),
      spoken_(answers, false),
      calls_begun_(answers, 0),
      usage_(answers) {
  head_ = R"({"id":)";
  base::append_json_string(head_, head.id);
  head_ +=
      fmt::format(R"(,"object":"chat.completion.chunk","created":{},"model":)", head.created_s);
  base::append_json_string(head_, head.model);
  head_ += R"(,"system_fingerprint":"fp_seine",)";
}

void ChatChunks::open(std::string& out, std::uint32_t answer) {
  out += "data: ";
  out += head_;
  fmt::format_to(std::back_inserter(out), R"("choices":[{{"index":{},"delta":{{)", answer);
}

void ChatChunks::close(std::string& out, std::string_view finish_reason,
                       const std::vector<llm::TokenLogprob>* logprobs, std::string_view more) {
  out += R"(},"logprobs":)";
  if (logprobs_ && logprobs != nullptr && !logprobs->empty()) {
    append_logprobs(out, *logprobs);
  } else {
    out += "null";
  }
  out += R"(,"finish_reason":)";
  if (finish_reason.empty()) {
    out += "null";
  } else {
    base::append_json_string(out, finish_reason);
  }
  out += "}]";
  if (include_usage_) out += R"(,"usage":null)";
  out += more;
  out += "}\n\n";
}

void ChatChunks::role_first(std::string& out, std::uint32_t answer) {
  if (spoken_[answer]) return;
  spoken_[answer] = true;
  open(out, answer);
  out += R"("role":"assistant","content":"")";
  close(out, {}, nullptr);
}

void ChatChunks::piece(std::string& out, std::uint32_t answer, const llm::Delta& delta) {
  role_first(out, answer);
  if (const auto* text = std::get_if<llm::TextDelta>(&delta)) {
    open(out, answer);
    out += R"("content":)";
    base::append_json_string(out, text->text);
    close(out, {}, &text->logprobs);
  } else if (const auto* thought = std::get_if<llm::ReasoningDelta>(&delta)) {
    open(out, answer);
    out += R"("reasoning_content":)";
    base::append_json_string(out, thought->text);
    close(out, {}, nullptr);
  } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&delta)) {
    open(out, answer);
    fmt::format_to(std::back_inserter(out), R"("tool_calls":[{{"index":{},)", call->index);
    if (call->index >= calls_begun_[answer]) {
      calls_begun_[answer] = call->index + std::uint64_t{1};
      out += R"("id":)";
      base::append_json_string(out, call->id);
      out += R"(,"type":"function","function":{"name":)";
      base::append_json_string(out, call->name);
      out += ',';
    } else {
      out += R"("function":{)";
    }
    out += R"("arguments":)";
    base::append_json_string(out, call->arguments);
    out += "}}]";
    close(out, {}, nullptr);
  } else if (const auto* finish = std::get_if<llm::Finish>(&delta)) {
    usage_.add(answer, finish->usage);
    open(out, answer);
    close(out, finish_reason_name(finish->reason), nullptr);
  }
}

void ChatChunks::extras(std::string& out, const WebExtras& extras) {
  role_first(out, 0);
  open(out, 0);
  out += R"("annotations":)";
  out += base::to_text(annotations_json(extras.citations));
  std::string seine;
  if (!extras.seine.empty()) {
    // Compact again: a line break would end the event.
    const auto object = base::parse_json(extras.seine);
    if (object) seine = R"(,"seine":)" + base::to_text(*object);
  }
  close(out, {}, nullptr, seine);
}

void ChatChunks::end(std::string& out) {
  if (include_usage_) {
    out += "data: ";
    out += head_;
    out += R"("choices":[],"usage":)";
    out += base::to_text(usage_json(usage_.sum()));
    out += "}\n\n";
  }
  out += "data: [DONE]\n\n";
}

void ChatChunks::failure(std::string& out, const base::Error& error) {
  append_error_event(out, error);
}

void append_error_event(std::string& out, const base::Error& error) {
  out += "data: ";
  out += openai_error(error);
  out += "\n\n";
}

std::string chat_body(const ReplyHead& head, const std::vector<Gathered>& answers, bool logprobs,
                      const WebExtras* extras) {
  Json choices = Json::array();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Gathered& answer = answers[i];
    Json message = {
        {"role", "assistant"},
        {"content",
         answer.text.empty() && !answer.tool_calls.empty() ? Json(nullptr) : Json(answer.text)},
        {"refusal", nullptr}};
    if (!answer.reasoning.empty()) message["reasoning_content"] = answer.reasoning;
    if (!answer.tool_calls.empty()) {
      Json calls = Json::array();
      for (const llm::ToolCall& call : answer.tool_calls) calls.push_back(tool_call_json(call));
      message["tool_calls"] = std::move(calls);
    }
    if (extras != nullptr) message["annotations"] = annotations_json(extras->citations);
    Json choice = {{"index", i},
                   {"message", std::move(message)},
                   {"logprobs", nullptr},
                   {"finish_reason", finish_reason_name(answer.finish.reason)}};
    if (logprobs) {
      std::string text;
      append_logprobs(text, answer.logprobs);
      choice["logprobs"] = base::parse_json(text).value_or(Json(nullptr));
    }
    choices.push_back(std::move(choice));
  }
  Json body = {{"id", head.id},
               {"object", "chat.completion"},
               {"created", head.created_s},
               {"model", head.model},
               {"system_fingerprint", "fp_seine"},
               {"choices", std::move(choices)},
               {"usage", usage_json(sum_usage(answers))}};
  if (extras != nullptr && !extras->seine.empty()) {
    body["seine"] = base::parse_json(extras->seine).value_or(Json(nullptr));
  }
  return base::to_text(body);
}

}  // namespace seine::gateway::openai
