#include "answer/run_log.h"

#include <algorithm>
#include <utility>

namespace seine::answer {

void RunLog::append(Event event) {
  std::vector<std::function<void()>> ready;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = std::holds_alternative<DoneEvent>(event);
    if (events_.size() >= kEventsMax && !ended_) {
      const auto* text = std::get_if<TextEvent>(&event);
      auto* last = std::get_if<TextEvent>(&events_.back());
      if (text != nullptr && last != nullptr) last->text += text->text;
      return;
    }
    events_.push_back(std::move(event));
    const auto due = std::ranges::partition(waiters_, [this](const Waiter& waiter) {
      return waiter.position >= events_.size() && !ended_;
    });
    for (Waiter& waiter : due) ready.push_back(std::move(waiter.ready));
    waiters_.erase(due.begin(), due.end());
  }
  changed_.notify_all();
  for (const auto& call : ready) call();
}

std::optional<Event> RunLog::at(std::size_t position) const {
  const std::lock_guard lock(mutex_);
  if (position >= events_.size()) return std::nullopt;
  return events_[position];
}

bool RunLog::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

void RunLog::notify_once(std::size_t position, std::function<void()> ready) {
  {
    const std::lock_guard lock(mutex_);
    if (position >= events_.size() && !ended_) {
      waiters_.push_back({position, std::move(ready)});
      return;
    }
  }
  ready();
}

std::optional<Answer> RunLog::wait(base::Deadline deadline) const {
  std::unique_lock lock(mutex_);
  const auto ended = [this] { return ended_; };
  if (deadline.is_never()) {
    changed_.wait(lock, ended);
  } else if (!changed_.wait_until(lock, deadline.when(), ended)) {
    return std::nullopt;
  }
  return std::get<DoneEvent>(events_.back()).answer;
}

}  // namespace seine::answer
