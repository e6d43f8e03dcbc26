#include "gateway/openai/completions.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json.h"
#include "base/utf8.h"
#include "gateway/generation/probe.h"
#include "gateway/openai/content.h"

namespace seine::gateway::openai {
namespace {

using base::Code;
using base::fail_field;
using base::Json;
using base::Result;

constexpr std::uint32_t kLogprobsMax = 5;

Result<std::vector<std::string>> parse_prompts(const Fields& body) {
  std::vector<std::string> prompts;
  const Json* prompt = body.find("prompt");
  if (prompt == nullptr) {
    return fail_field(Code::kInvalidArgument, "prompt", "'prompt' is missing");
  }
  if (prompt->is_string()) {
    prompts.push_back(prompt->get<std::string>());
    return prompts;
  }
  const Json* list = SEINE_TRY(body.array("prompt", CompletionCall::kPromptsMax));
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (!(*list)[i].is_string()) {
      return fail_field(Code::kInvalidArgument, element("prompt", i),
                        "a prompt is text here, not {}: token ids differ between models",
                        base::type_name((*list)[i]));
    }
    prompts.push_back((*list)[i].get<std::string>());
  }
  if (prompts.empty()) {
    return fail_field(Code::kInvalidArgument, "prompt", "'prompt' must have at least one");
  }
  return prompts;
}

Json logprobs_json(const std::vector<llm::TokenLogprob>& tokens) {
  if (tokens.empty()) return nullptr;
  Json texts = Json::array();
  Json values = Json::array();
  Json top = Json::array();
  Json offsets = Json::array();
  std::size_t offset = 0;
  for (const llm::TokenLogprob& token : tokens) {
    texts.push_back(base::to_valid_utf8(token.token));
    values.push_back(token.logprob);
    Json others = Json::object();
    for (const auto& [text, value] : token.top) others[base::to_valid_utf8(text)] = value;
    top.push_back(std::move(others));
    offsets.push_back(offset);
    offset += base::count_points(token.token);
  }
  return {{"tokens", texts},
          {"token_logprobs", values},
          {"top_logprobs", top},
          {"text_offset", offsets}};
}

}  // namespace

Result<CompletionCall> parse_completion(const Json& json) {
  const Fields body(json, "");
  CompletionCall parsed;
  llm::ChatRequest& request = parsed.call.request;
  request.model = SEINE_TRY(body.require<std::string>("model"));
  const auto prompts = SEINE_TRY(parse_prompts(body));
  if (const auto suffix = SEINE_TRY(body.get<std::string>("suffix")); suffix && !suffix->empty()) {
    return fail_field(Code::kInvalidArgument, "suffix",
                      "no model here fills in the middle: 'suffix' must be absent");
  }
  for (const std::string& prompt : prompts) {
    // A prefix without a conversation before it: the model goes on with the bare text.
    parsed.call.prompts.push_back(
        {{.role = llm::Role::kAssistant, .content = prompt, .prefix = true}});
  }
  request.sampling = SEINE_TRY(parse_sampling(body));
  request.stop = SEINE_TRY(parse_stop(body, "stop"));
  request.stop_tokens = SEINE_TRY(parse_stop_tokens(body));
  request.max_tokens = SEINE_TRY(body.count("max_tokens", 1, UINT32_MAX)).value_or(16);
  request.top_logprobs = SEINE_TRY(body.count("logprobs", 0, kLogprobsMax));
  request.effort = llm::Effort::kOff;
  parsed.call.answers = SEINE_TRY(body.count("n", 1, Call::kAnswersMax)).value_or(1);
  if (SEINE_TRY(body.get_or<bool>("echo", false))) parsed.echo = prompts;
  parsed.stream = SEINE_TRY(body.get_or<bool>("stream", false));
  if (const Json* options = SEINE_TRY(body.object("stream_options"))) {
    const Fields inside(*options, "stream_options");
    parsed.include_usage = SEINE_TRY(inside.get_or<bool>("include_usage", false));
  }
  return parsed;
}

CompletionChunks::CompletionChunks(const ReplyHead& head, const CompletionCall& call)
    : include_usage_(call.include_usage),
      per_prompt_(call.call.answers),
      echo_(call.echo),
      spoken_(call.call.prompts.size() * call.call.answers, false),
      usage_(call.call.answers) {
  head_ = R"({"id":)";
  base::append_json_string(head_, head.id);
  head_ += fmt::format(R"(,"object":"text_completion","created":{},"model":)", head.created_s);
  base::append_json_string(head_, head.model);
  head_ += R"(,"system_fingerprint":"fp_seine",)";
}

void CompletionChunks::piece(std::string& out, std::uint32_t answer, const llm::Delta& delta) {
  std::string text;
  if (!echo_.empty() && !spoken_[answer]) text = echo_[answer / per_prompt_];
  spoken_[answer] = true;
  Json logprobs = nullptr;
  std::string_view reason;
  if (const auto* piece = std::get_if<llm::TextDelta>(&delta)) {
    text += piece->text;
    logprobs = logprobs_json(piece->logprobs);
  } else if (const auto* finish = std::get_if<llm::Finish>(&delta)) {
    usage_.add(answer, finish->usage);
    reason = finish_reason_name(finish->reason);
  } else {
    return;
  }
  out += "data: ";
  out += head_;
  fmt::format_to(std::back_inserter(out), R"("choices":[{{"index":{},"text":)", answer);
  base::append_json_string(out, text);
  out += R"(,"logprobs":)";
  out += base::to_text(logprobs);
  out += R"(,"finish_reason":)";
  if (reason.empty()) {
    out += "null";
  } else {
    base::append_json_string(out, reason);
  }
  out += include_usage_ ? "}],\"usage\":null}\n\n" : "}]}\n\n";
}

void CompletionChunks::failure(std::string& out, const base::Error& error) {
  append_error_event(out, error);
}

void CompletionChunks::end(std::string& out) {
  if (include_usage_) {
    out += "data: ";
    out += head_;
    out += R"("choices":[],"usage":)";
    out += base::to_text(usage_json(usage_.sum()));
    out += "}\n\n";
  }
  out += "data: [DONE]\n\n";
}

std::string completion_body(const ReplyHead& head, const CompletionCall& call,
                            const std::vector<Gathered>& answers) {
  Json choices = Json::array();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::string before = call.echo.empty() ? "" : call.echo[i / call.call.answers];
    choices.push_back({{"index", i},
                       {"text", before + answers[i].text},
                       {"logprobs", logprobs_json(answers[i].logprobs)},
                       {"finish_reason", finish_reason_name(answers[i].finish.reason)}});
  }
  return base::to_text({{"id", head.id},
                        {"object", "text_completion"},
                        {"created", head.created_s},
                        {"model", head.model},
                        {"system_fingerprint", "fp_seine"},
                        {"choices", std::move(choices)},
                        {"usage", usage_json(sum_usage(answers, call.call.answers))}});
}

}  // namespace seine::gateway::openai
