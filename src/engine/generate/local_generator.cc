#include "engine/generate/local_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "engine/generate/text_decoder.h"
#include "engine/spans/span_reader.h"

namespace seine::engine {

using base::Code;
using base::Result;

struct LocalGenerator::Prompt {
  std::vector<TokenId> tokens;
  std::unique_ptr<TextSink> sink;
  bool continues_text = false;
  bool shows_control = false;
  bool thinking = false;
  std::optional<CallRules> rules;  // of calls that must be made, or made in a certain way
};

namespace {

// Above this temperature guesses from the context are seldom what is drawn.
constexpr double kGuessTemperature = 0.7;

}  // namespace

LocalGenerator::LocalGenerator(std::shared_ptr<Engine> engine, std::optional<SpanFormat> spans,
                               std::optional<ChatTemplate> chat)
    : engine_(std::move(engine)), spans_(std::move(spans)), chat_(std::move(chat)) {}

LocalGenerator::~LocalGenerator() = default;

Result<std::shared_ptr<LocalGenerator>> LocalGenerator::of(std::shared_ptr<Engine> engine) {
  std::optional<SpanFormat> spans = SpanFormat::of(engine->tokenizer());
  std::optional<ChatTemplate> chat;
  if (!spans) chat = SEINE_TRY(ChatTemplate::of_model(engine->file(), engine->shared_tokenizer()));
  return std::shared_ptr<LocalGenerator>(
      new LocalGenerator(std::move(engine), std::move(spans), std::move(chat)));
}

std::vector<llm::ModelInfo> LocalGenerator::models() const {
  return {{.id = engine_->id(),
           .owned_by = "seine",
           .context_tokens = static_cast<std::uint32_t>(engine_->context_tokens()),
           .thinks = chat_ && chat_->thinks(),
           // A family's own way where the file's template does not show tools.
           .calls_tools = chat_.has_value(),
           .cites_spans = spans_.has_value()}};
}

Result<> LocalGenerator::check(const llm::ChatRequest& request) const {
  if (!request.model.empty() && request.model != engine_->id())
    return base::fail_field(Code::kNotFound, "model", "no model named '{}'", request.model);
  if (request.stop.size() > llm::ChatRequest::kStopMax)
    return base::fail_field(Code::kInvalidArgument, "stop", "{} stop strings, the limit is {}",
                            request.stop.size(), llm::ChatRequest::kStopMax);
  if (request.stop_tokens.size() > llm::ChatRequest::kStopMax)
    return base::fail_field(Code::kInvalidArgument, "stop_token_ids",
                            "{} stop tokens, the limit is {}", request.stop_tokens.size(),
                            llm::ChatRequest::kStopMax);
  for (const TokenId id : request.stop_tokens) {
    if (id < 0 || id >= engine_->facts().vocabulary)
      return base::fail_field(Code::kInvalidArgument, "stop_token_ids",
                              "token {} is outside the vocabulary of {}", id,
                              engine_->facts().vocabulary);
  }
  if (request.max_tokens == 0U)
    return base::fail_field(Code::kInvalidArgument, "max_tokens", "max_tokens must be at least 1");
  return Sampler::check(request.sampling, request.top_logprobs, engine_->facts().vocabulary);
}

Result<LocalGenerator::Prompt> LocalGenerator::prompt_of(const llm::ChatRequest& request) const {
  Prompt out;
  if (request.messages.empty())
    return base::fail_field(Code::kInvalidArgument, "messages", "there are no messages");
  const llm::Message& last = request.messages.back();
  if (spans_) {
    const llm::ToolChoice::Mode choice = request.tool_choice.mode;
    if (choice == llm::ToolChoice::Mode::kRequired || choice == llm::ToolChoice::Mode::kNamed) {
      return base::fail_field(Code::kInvalidArgument, "tool_choice",
                              "model '{}' calls no tools: it answers with spans of passages",
                              engine_->id());
    }
    out.sink = plain_text_sink();
    // The model reads passages: what was said before is the one it has.
    std::string before;
    for (std::size_t i = 0; i + 1 < request.messages.size(); ++i)
      before += request.messages[i].content + "\n";
    std::vector<std::string_view> passages;
    if (!before.empty()) passages.emplace_back(before);
    SpanFormat::Prompt prompt = SEINE_TRY(spans_->prompt(
        last.content, passages, request.sampling.seed.value_or(0), engine_->context_tokens()));
    out.tokens = std::move(prompt.tokens);
    return out;
  }
  const ChatPrompt prompt = SEINE_TRY(chat_->render(request, engine_->clock()));
  out.tokens = prompt.encode(engine_->tokenizer());
  out.thinking = prompt.thinking;
  out.rules = SEINE_TRY(CallRules::of(request, chat_->tool_format(), prompt.thinking));
  const bool tools =
      !request.tools.empty() && request.tool_choice.mode != llm::ToolChoice::Mode::kNone;
  out.sink =
      parsed_text_sink({.thinking = prompt.thinking,
                        .tools = tools,
                        .format = chat_->tool_format(),
                        .call_id_prefix = fmt::format("call_{:016x}_", engine_->random_seed())});
  out.shows_control = true;
  out.continues_text = last.prefix;
  return out;
}

Result<std::unique_ptr<Constraint>> LocalGenerator::constraint_of(
    const Prompt& prompt, const llm::ChatRequest& request) const {
  if (prompt.rules) return engine_->constraints().compile_calls(*prompt.rules);
  auto constraint = SEINE_TRY(engine_->constraints().compile(request.constraint));
  // Thinking is free; the answer behind it keeps to the form.
  if (const auto marker = engine_->tokenizer().find("</think>");
      constraint && prompt.thinking && marker) {
    constraint = constrain_after(*marker, engine_->tokenizer().size(), std::move(constraint));
  }
  return constraint;
}

Result<llm::StreamReader> LocalGenerator::start(Prompt prompt, const llm::ChatRequest& request,
                                                base::Deadline deadline) {
  const auto context = static_cast<std::size_t>(engine_->context_tokens());
  if (prompt.tokens.size() >= context) {
    return base::fail_field(Code::kInvalidArgument, "messages",
                            "prompt has {} tokens, the model's limit is {}",
                            base::format_count(prompt.tokens.size()), base::format_count(context));
  }
  const auto left = static_cast<std::uint32_t>(context - prompt.tokens.size());
  if (request.max_tokens.value_or(1) > left) {
    return base::fail_field(
        Code::kInvalidArgument, "max_tokens",
        "prompt of {} tokens and answer of up to {} exceed the model's limit of {}",
        base::format_count(prompt.tokens.size()), base::format_count(*request.max_tokens),
        base::format_count(context));
  }
  const std::uint32_t tokens_max = request.max_tokens.value_or(left);
  auto constraint = SEINE_TRY(constraint_of(prompt, request));
  auto stream = std::make_shared<llm::DeltaStream>();
  Sampler sampler(request.sampling, request.top_logprobs,
                  request.sampling.seed ? *request.sampling.seed : engine_->random_seed());
  sampler.see_prompt(prompt.tokens);

  TaskSpec spec;
  spec.speculate = request.sampling.temperature <= kGuessTemperature;
  spec.tokens_max = tokens_max;
  spec.qos = request.qos;
  spec.scope = request.cache_scope;
  spec.deadline = deadline;
  spec.stop = stream->stop_token();
  spec.decoder = std::make_unique<TextDecoder>(
      TextDecoder::Parts{.stream = stream,
                         .tokenizer = &engine_->tokenizer(),
                         .sampler = std::move(sampler),
                         .constraint = std::move(constraint),
                         .sink = std::move(prompt.sink),
                         .stops = request.stop,
                         .stop_tokens = request.stop_tokens,
                         .tokens_max = tokens_max,
                         .wants_logprobs = request.top_logprobs.has_value(),
                         .continues_text = prompt.continues_text,
                         .shows_control = prompt.shows_control});
  spec.prompt = std::move(prompt.tokens);
  std::vector<TaskSpec> specs;
  specs.push_back(std::move(spec));
  SEINE_CHECK(engine_->submit(std::move(specs)));
  return llm::StreamReader(std::move(stream));
}

Result<llm::StreamReader> LocalGenerator::generate(llm::ChatRequest request,
                                                   base::Deadline deadline) {
  SEINE_CHECK(check(request));
  if (const auto* wanted = std::get_if<llm::SpanConstraint>(&request.constraint)) {
    if (!spans_) {
      return base::fail_field(Code::kInvalidArgument, "constraint",
                              "model '{}' does not answer with spans of passages", engine_->id());
    }
    if (request.messages.empty())
      return base::fail_field(Code::kInvalidArgument, "messages", "there are no messages");
    return answer_with_span(*engine_, *spans_,
                            {.question = request.messages.back().content,
                             .passages = wanted->passages,
                             .priors = wanted->priors,
                             .seed = request.sampling.seed.value_or(0),
                             .qos = request.qos,
                             .scope = request.cache_scope,
                             .deadline = deadline},
                            span_settings_);
  }
  Prompt prompt = SEINE_TRY(prompt_of(request));
  return start(std::move(prompt), request, deadline);
}

Result<std::uint64_t> LocalGenerator::count_tokens(const llm::ChatRequest& request) const {
  SEINE_CHECK(check(request));
  return SEINE_TRY(prompt_of(request)).tokens.size();
}

Result<llm::StreamReader> LocalGenerator::complete(std::string_view prompt,
                                                   llm::ChatRequest request,
                                                   base::Deadline deadline) {
  SEINE_CHECK(check(request));
  Prompt raw;
  raw.tokens = engine_->tokenizer().encode(prompt, {.parse_special = false, .add_special = true});
  raw.sink = plain_text_sink();
  raw.continues_text = true;
  return start(std::move(raw), request, deadline);
}

}  // namespace seine::engine
