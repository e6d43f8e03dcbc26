// Where callbacks of ports, on any thread, leave what they have for the run's thread. Shared with
// the callbacks, because they may come after the run has ended: what is left then is dropped.
// Bounded by what was asked for, and by kItemsMax.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/clock.h"

namespace seine::answer {

template <typename T>
class Mailbox {
 public:
  static constexpr std::size_t kItemsMax = 4096;

  void put(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= kItemsMax) return;
      items_.push_back(std::move(item));
    }
    changed_.notify_all();
  }

  // The next item; nothing when the deadline of the real steady clock passed or a stop was asked
  // for.
  std::optional<T> take(base::Deadline deadline, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto some = [this] { return !items_.empty(); };
    if (deadline.is_never()) {
      changed_.wait(lock, stop, some);
    } else {
      changed_.wait_until(lock, stop, deadline.when(), some);
    }
    if (items_.empty() || stop.stop_requested()) return std::nullopt;
    std::optional<T> out(std::move(items_.front()));
    items_.pop_front();
    return out;
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    items_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace seine::answer
