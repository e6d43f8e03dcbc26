// BoundedQueue: the place where two threads meet. Any number of producers and consumers; a
// capacity; every wait has a deadline; close() wakes everybody, after which pushes fail and pops
// drain what is left.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/clock.h"

namespace seine::base {

enum class QueueStatus : std::uint8_t { kOk, kFull, kEmpty, kTimeout, kClosed };

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {
    SEINE_ASSERT(capacity > 0, "a queue holds at least one item");
  }
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // Takes the item only on kOk, so that a refused one is still the caller's. kFull or kClosed
  // otherwise.
  QueueStatus try_push(T&& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return QueueStatus::kClosed;
      if (items_.size() == capacity_) return QueueStatus::kFull;
      items_.push_back(std::move(item));
    }
    not_empty_.notify_one();
    return QueueStatus::kOk;
  }

  // Waits for room until the deadline of the real steady clock: kOk, kTimeout or kClosed.
  QueueStatus push(T&& item, Deadline deadline) {
    {
      std::unique_lock lock(mutex_);
      if (!wait(lock, not_full_, deadline,
                [this] { return closed_ || items_.size() < capacity_; })) {
        return QueueStatus::kTimeout;
      }
      if (closed_) return QueueStatus::kClosed;
      items_.push_back(std::move(item));
    }
    not_empty_.notify_one();
    return QueueStatus::kOk;
  }

  // kEmpty when there is nothing now but may be later, kClosed when there will never be.
  QueueStatus try_pop(T& out) {
    {
      const std::lock_guard lock(mutex_);
      if (items_.empty()) return closed_ ? QueueStatus::kClosed : QueueStatus::kEmpty;
      out = std::move(items_.front());
      items_.pop_front();
    }
    not_full_.notify_one();
    return QueueStatus::kOk;
  }

  QueueStatus pop(T& out, Deadline deadline) {
    {
      std::unique_lock lock(mutex_);
      if (!wait(lock, not_empty_, deadline, [this] { return closed_ || !items_.empty(); })) {
        return QueueStatus::kTimeout;
      }
      if (items_.empty()) return QueueStatus::kClosed;
      out = std::move(items_.front());
      items_.pop_front();
    }
    not_full_.notify_one();
    return QueueStatus::kOk;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
    not_full_.notify_all();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }
  std::size_t capacity() const { return capacity_; }

 private:
  template <typename Ready>
  static bool wait(std::unique_lock<std::mutex>& lock, std::condition_variable& condition,
                   Deadline deadline, Ready ready) {
    // wait_until(max) overflows inside some libraries' conversions, so "never" is its own branch.
    if (deadline.is_never()) {
      condition.wait(lock, ready);
      return true;
    }
    return condition.wait_until(lock, deadline.when(), ready);
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable not_full_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace seine::base
