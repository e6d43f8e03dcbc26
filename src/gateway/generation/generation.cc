#include "gateway/generation/generation.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "base/text.h"
#include "net/event.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::Result;

double seconds(base::Duration time) {
  return std::chrono::duration<double>(time).count();
}

constexpr std::string_view kOnline = ":online";

bool is_one_of(const std::vector<llm::ModelInfo>& known, std::string_view id) {
  return std::ranges::any_of(known, [&](const llm::ModelInfo& model) { return model.id == id; });
}

}  // namespace

ModelName resolve_model(std::string_view name, const std::vector<llm::ModelInfo>& known) {
  ModelName model;
  if (name.ends_with(kOnline)) {
    model.online = true;
    name.remove_suffix(kOnline.size());
  }
  model.id = std::string(name);
  if (is_one_of(known, name)) return model;
  const bool plain = name == "deepseek-chat";
  const bool thinking = name == "deepseek-reasoner";
  // What a client of DeepSeek's asks for by itself; the request says whether it is to think.
  const bool current = name == "deepseek-v4-flash" || name == "deepseek-v4-pro";
  if (plain) model.effort = llm::Effort::kOff;
  if (thinking) model.effort = llm::Effort::kHigh;
  if (plain || thinking) {
    // The names stood for the flash model when they ended.
    model.id = is_one_of(known, "deepseek-v4-flash") ? "deepseek-v4-flash" : "";
  }
  if (name == "default" || name == "seine" || current) model.id.clear();
  const auto answers = std::ranges::find(known, false, &llm::ModelInfo::embeds);
  if (model.id.empty() && answers != known.end()) model.id = answers->id;
  return model;
}

// Where a stream's thread wakes the coroutine; outlives the Generation in a pending notification.
struct Generation::Signal {
  explicit Signal(const asio::any_io_executor& executor) : home(executor), event(executor) {}
  const asio::any_io_executor home;
  net::Event event;  // home's thread only
};

Generation::Generation(Generations& home, const asio::any_io_executor& executor, Caller caller,
                       std::string model, const std::string& label, std::uint32_t per_prompt,
                       base::Deadline deadline)
    : home_(home),
      caller_(std::move(caller)),
      model_(std::move(model)),
      probe_(home.ports_.probe.model(label)),
      began_(home.ports_.clock.now()),
      deadline_(deadline),
      signal_(std::make_shared<Signal>(executor)),
      usage_(per_prompt) {
  probe_.running.add(1);
  probe_.vllm_running.add(1);
}

Generation::~Generation() {
  home_.running_.fetch_sub(1);
  probe_.running.add(-1);
  probe_.vllm_running.add(-1);
  if (!ended()) (failed_ ? probe_.failed : probe_.cancelled).add();
  home_.ports_.limits.charge(caller_.key_id, caller_.limit,
                             usage_.sum().prompt_tokens + usage_.sum().completion_tokens);
}

const WebExtras* Generation::extras() const {
  return ended() ? extras_.get() : nullptr;
}

void Generation::note(std::size_t which, const llm::Delta& delta) {
  Answer& answer = answers_[which];
  const base::TimePoint now = home_.ports_.clock.now();
  if (!std::exchange(saw_piece_, true)) {
    probe_.first_token_seconds.observe(seconds(now - began_));
    probe_.vllm_first_token.observe(seconds(now - began_));
  }
  const auto* finish = std::get_if<llm::Finish>(&delta);
  if (finish == nullptr) {
    if (answer.last_piece) {
      probe_.between_tokens_seconds.observe(seconds(now - *answer.last_piece));
      probe_.vllm_between_tokens.observe(seconds(now - *answer.last_piece));
    }
    answer.last_piece = now;
    return;
  }
  answer.finished = true;
  ++finished_;
  const llm::Usage& usage = finish->usage;
  usage_.add(static_cast<std::uint32_t>(which), usage);
  probe_.finished.at(finish->reason)->add();
  probe_.vllm_finished.at(finish->reason)->add();
  probe_.generation_tokens.add(static_cast<double>(usage.completion_tokens));
  probe_.vllm_generation_tokens.add(static_cast<double>(usage.completion_tokens));
  probe_.vllm_generation_length.observe(static_cast<double>(usage.completion_tokens));
  if (!ended()) return;
  const auto prompt = static_cast<double>(usage_.sum().prompt_tokens);
  probe_.prompt_tokens.add(prompt);
  probe_.cached_tokens.add(static_cast<double>(usage_.sum().cached_tokens));
  probe_.vllm_prompt_tokens.add(prompt);
  probe_.vllm_prompt_length.observe(prompt);
  probe_.vllm_answers.observe(static_cast<double>(answers_.size()));
  probe_.total_seconds.observe(seconds(now - began_));
  probe_.vllm_total.observe(seconds(now - began_));
}

Result<std::optional<Piece>> Generation::try_next() {
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    const std::size_t which = (turn_ + i) % answers_.size();
    Answer& answer = answers_[which];
    if (answer.finished) continue;
    llm::DeltaStream::Next next = answer.reader->try_next();
    switch (next.state) {
      case llm::DeltaStream::State::kPiece:
        note(which, *next.delta);
        turn_ = which + 1;
        return Piece{static_cast<std::uint32_t>(which), *std::move(next.delta)};
      case llm::DeltaStream::State::kWaiting:
        continue;
      case llm::DeltaStream::State::kEnded:
        failed_ = true;
        if (next.error) return std::unexpected(*std::move(next.error));
        return base::fail(Code::kInternal, "the model's answer ended without an end");
    }
  }
  return std::nullopt;
}

asio::awaitable<Result<std::optional<Piece>>> Generation::next(base::Duration wait) {
  for (;;) {
    Result<std::optional<Piece>> piece = try_next();
    if (!piece || *piece || ended()) co_return piece;
    for (Answer& answer : answers_) {
      if (answer.finished) continue;
      answer.reader->notify_once(
          [signal = signal_] { asio::post(signal->home, [signal] { signal->event.set(); }); });
    }
    const base::Duration left = deadline_.remaining(home_.ports_.clock);
    if (left == base::Duration::zero()) {
      failed_ = true;
      co_return base::fail(Code::kDeadlineExceeded, "the answer took longer than its deadline");
    }
    switch (co_await signal_->event.wait_for(std::min(wait, left))) {
      case net::Event::Outcome::kSet:
        continue;
      case net::Event::Outcome::kTimeout:
        co_return std::nullopt;
      case net::Event::Outcome::kCancelled:
        co_return base::fail(Code::kCancelled, "the reader went away");
    }
  }
}

Result<std::uint64_t> Generations::count_tokens(llm::ChatRequest request) const {
  request.model = resolve_model(request.model, models()).id;
  return ports_.generator.count_tokens(request);
}

Result<std::unique_ptr<Generation>> Generations::start(Call call, const Caller& caller,
                                                       std::string_view request_id,
                                                       base::Deadline deadline,
                                                       const asio::any_io_executor& executor) {
  const std::vector<llm::ModelInfo> known = models();
  const ModelName name = resolve_model(call.request.model, known);
  if (name.online && !call.web) call.web.emplace();
  if (name.effort && !call.request.effort) call.request.effort = name.effort;
  const auto info = std::ranges::find(known, name.id, &llm::ModelInfo::id);
  // A model that does not think takes no notice of how much it should.
  if (info != known.end() && !info->thinks) call.request.effort.reset();
  call.request.model = name.id;
  call.request.cache_scope = caller.space();
  if (call.web) {
    if (ports_.web == nullptr) {
      return base::fail_field(Code::kUnimplemented, "model",
                              "this service has no web search set up");
    }
    if (call.answers != 1) {
      return base::fail_field(Code::kInvalidArgument, "n", "a web answer comes alone: n is 1");
    }
    if (!call.request.tools.empty()) {
      return base::fail_field(Code::kInvalidArgument, "tools",
                              "a web answer calls no functions: send web_search alone");
    }
  }
  if (running_.fetch_add(1) >= settings_.running_max) {
    running_.fetch_sub(1);
    return base::fail(Code::kResourceExhausted,
                      "{} requests are being answered, the limit; try again soon",
                      base::format_count(settings_.running_max));
  }
  // From here the Generation counts itself out.
  std::unique_ptr<Generation> generation(
      new Generation(*this, executor, caller, name.id,
                     info != known.end() ? name.id : std::string(GenerationProbe::kOther),
                     call.answers, deadline));
  generation->failed_ = true;
  if (call.web) {
    WebAnswer answer = SEINE_TRY(ports_.web->answer({.chat = std::move(call.request),
                                                     .context = call.web->context,
                                                     .sites = std::move(call.web->sites),
                                                     .country = std::move(call.web->country),
                                                     .request_id = std::string(request_id)},
                                                    deadline));
    generation->extras_ = std::move(answer.extras);
    generation->answers_.push_back({.reader = std::move(answer.deltas)});
  } else {
    if (call.prompts.empty()) call.prompts.push_back(std::move(call.request.messages));
    for (const std::vector<llm::Message>& prompt : call.prompts) {
      call.request.messages = prompt;
      for (std::uint32_t i = 0; i < call.answers; ++i) {
        llm::ChatRequest request = call.request;
        // Answers that are asked for together should differ, and each be repeatable.
        if (request.sampling.seed) *request.sampling.seed += i;
        auto reader = ports_.generator.generate(std::move(request), deadline);
        if (!reader && reader.error().code == Code::kNotFound && name.id.empty()) {
          return base::fail(Code::kUnavailable, "no model is loaded");
        }
        if (!reader) return std::unexpected(std::move(reader).error());
        generation->answers_.push_back({.reader = *std::move(reader)});
      }
    }
  }
  generation->failed_ = false;
  return generation;
}

}  // namespace seine::gateway
