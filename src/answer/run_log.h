// The events of one run, kept from its first to its last, so that a reader may come late, be slow,
// or come back: each reads at its own pace by position. The run appends from its thread; readers
// are on any thread. Bounded by the answer itself (a model's tokens are), and by kEventsMax.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "answer/types.h"

namespace seine::answer {

struct StartEvent {
  std::string run_id;
  std::string chat_id = {};
  std::string question_id = {};
  std::string answer_id = {};
  std::string model = {};
  base::WallTime created_at = {};
};
struct ReasoningEvent {
  std::string text;
};
struct TextEvent {
  std::string text;
};
struct CitationEvent {
  std::size_t start = 0;
  std::size_t end = 0;
  int source_id = 0;
  int marker = 0;
};
struct DoneEvent {
  Answer answer;
};

// A run that failed says so in its DoneEvent's state and error; what came before stays.
using Event =
    std::variant<StartEvent, Step, Source, ReasoningEvent, TextEvent, CitationEvent, DoneEvent>;

class RunLog {
 public:
  static constexpr std::size_t kEventsMax = 200'000;

  // Past the bound, text joins the last text and the rest is dropped, except the end.
  void append(Event event);

  // The event at `position` (from 0); nothing when it has not come yet.
  std::optional<Event> at(std::size_t position) const;
  // After the DoneEvent nothing comes.
  bool ended() const;
  // Calls `ready` once, on this thread or the run's, as soon as there is an event at `position`.
  void notify_once(std::size_t position, std::function<void()> ready);
  // Blocks until the run has ended; nothing when the deadline of the real steady clock passed.
  std::optional<Answer> wait(base::Deadline deadline) const;

 private:
  struct Waiter {
    std::size_t position;
    std::function<void()> ready;
  };
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Event> events_;
  std::vector<Waiter> waiters_;
  bool ended_ = false;
};

}  // namespace seine::answer
