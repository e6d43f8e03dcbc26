#include "llm/scripted_generator.h"

#include <algorithm>
#include <utility>

namespace seine::llm {
namespace {

// How many past requests are kept for a test to look at.
constexpr std::size_t kRequestsKept = 64;

// The longest time a cancelled stream goes unnoticed while its script pauses.
constexpr base::Duration kLook = std::chrono::milliseconds(5);

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace

Script script_of(std::string_view text, base::Duration pause) {
  Script script;
  Usage usage{.prompt_tokens = 1};
  while (!text.empty()) {
    const std::size_t end = text.find(' ', 1);
    if (pause > base::Duration::zero()) script.emplace_back(pause);
    script.emplace_back(Delta(TextDelta{std::string(text.substr(0, end))}));
    text.remove_prefix(std::min(end, text.size()));
    ++usage.completion_tokens;
  }
  script.emplace_back(Delta(Finish{FinishReason::kStop, usage}));
  return script;
}

ScriptedGenerator::ScriptedGenerator(Script script, Settings settings)
    : settings_(std::move(settings)),
      script_(std::move(script)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ScriptedGenerator::~ScriptedGenerator() {
  thread_.request_stop();
  thread_.join();
  for (; !plays_.empty(); plays_.pop()) {
    plays_.top().stream->fail({base::Code::kUnavailable, "the generator is shutting down"});
  }
}

base::Result<StreamReader> ScriptedGenerator::generate(ChatRequest request,
                                                       base::Deadline deadline) {
  if (request.model != settings_.model.id) {
    return base::fail_field(base::Code::kNotFound, "model", "no model named '{}'", request.model);
  }
  auto stream = std::make_shared<DeltaStream>();
  {
    const std::lock_guard lock(mutex_);
    if (counts_.active >= settings_.streams_max) {
      return base::fail(base::Code::kResourceExhausted, "{} answers are running, the limit is {}",
                        counts_.active, settings_.streams_max);
    }
    ++counts_.active;
    ++counts_.started;
    if (requests_.size() == kRequestsKept) requests_.erase(requests_.begin());
    requests_.push_back(std::move(request));
    plays_.push({std::chrono::steady_clock::now(), next_order_++, 0, deadline, stream});
  }
  changed_.notify_all();
  return StreamReader(std::move(stream));
}

base::Result<std::uint64_t> ScriptedGenerator::count_tokens(const ChatRequest& request) const {
  std::uint64_t words = 0;
  for (const Message& message : request.messages) {
    bool within = false;
    for (const char c : message.content) {
      words += !within && c != ' ' ? 1 : 0;
      within = c != ' ';
    }
  }
  return words;
}

// Before the reader is told of the end, so that whoever has seen it finds it counted.
void ScriptedGenerator::settle(std::uint64_t Counts::* outcome) {
  {
    const std::lock_guard lock(mutex_);
    ++(counts_.*outcome);
    --counts_.active;
  }
  changed_.notify_all();
}

bool ScriptedGenerator::advance(Play& play, base::TimePoint now) {
  if (play.stream->stop_token().stop_requested()) {
    settle(&Counts::cancelled);
    return false;
  }
  if (now >= play.deadline.when()) {
    settle(&Counts::failed);
    play.stream->fail(
        {base::Code::kDeadlineExceeded, "the answer did not end before its deadline"});
    return false;
  }
  while (play.step < script_.size()) {
    const ScriptStep& step = script_[play.step++];
    const bool goes_on = std::visit(Overloaded{[&](base::Duration pause) {
                                                 play.due = now + pause;
                                                 return false;
                                               },
                                               [&](const Delta& delta) {
                                                 const bool last =
                                                     std::holds_alternative<Finish>(delta);
                                                 if (last) settle(&Counts::finished);
                                                 play.stream->push(delta);
                                                 return !last;
                                               },
                                               [&](const base::Error& error) {
                                                 settle(&Counts::failed);
                                                 play.stream->fail(error);
                                                 return false;
                                               }},
                                    step);
    if (!goes_on) return std::holds_alternative<base::Duration>(step);
  }
  settle(&Counts::finished);
  play.stream->push(Finish{});
  return false;
}

void ScriptedGenerator::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (plays_.empty()) {
      changed_.wait(lock, stop, [this] { return !plays_.empty(); });
      continue;
    }
    const base::TimePoint now = std::chrono::steady_clock::now();
    if (plays_.top().due > now) {
      // A copy: std::min gives a reference into the heap, which generate() may grow during the
      // wait.
      const base::TimePoint until = std::min(plays_.top().due, now + kLook);
      changed_.wait_until(lock, stop, until, [] { return false; });
    }
    // Those that are due play on; the rest are looked at for a reader that has gone.
    std::vector<Play> waiting;
    std::vector<Play> due;
    const base::TimePoint then = std::chrono::steady_clock::now();
    for (; !plays_.empty(); plays_.pop()) {
      const bool ready = plays_.top().due <= then ||
                         plays_.top().stream->stop_token().stop_requested() ||
                         plays_.top().deadline.when() <= then;
      (ready ? due : waiting).push_back(plays_.top());
    }
    lock.unlock();
    for (Play& play : due) {
      if (advance(play, then)) waiting.push_back(std::move(play));
    }
    lock.lock();
    for (Play& play : waiting) plays_.push(std::move(play));
  }
}

ScriptedGenerator::Counts ScriptedGenerator::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

bool ScriptedGenerator::wait_for(const std::function<bool(const Counts&)>& predicate,
                                 base::Deadline deadline) const {
  std::unique_lock lock(mutex_);
  const auto holds = [&] { return predicate(counts_); };
  if (deadline.is_never()) {
    changed_.wait(lock, holds);
    return true;
  }
  return changed_.wait_until(lock, deadline.when(), holds);
}

std::vector<ChatRequest> ScriptedGenerator::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

}  // namespace seine::llm
