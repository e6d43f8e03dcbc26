// Channel: where another thread hands values to a coroutine. Producers on any thread, one consumer
// on the context it was made for; bounded; close() lets the consumer take what is left. The
// producer never waits: a full channel is its signal to hold back (see `room`).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/queue.h"
#include "net/event.h"

namespace seine::net {

template <typename T>
class Channel {
 public:
  // Copies share one queue.
  Channel(asio::any_io_executor consumer, std::size_t capacity)
      : state_(std::make_shared<State>(std::move(consumer), capacity)) {}

  // kOk, kFull or kClosed; takes the item only on kOk.
  base::QueueStatus try_push(T&& item) {
    bool wake = false;
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->closed) return base::QueueStatus::kClosed;
      if (state_->items.size() == state_->capacity) return base::QueueStatus::kFull;
      state_->items.push_back(std::move(item));
      wake = std::exchange(state_->waiting, false);
    }
    if (wake) state_->wake();
    return base::QueueStatus::kOk;
  }

  void close() {
    bool wake = false;
    {
      const std::lock_guard lock(state_->mutex);
      state_->closed = true;
      wake = std::exchange(state_->waiting, false);
    }
    if (wake) state_->wake();
  }

  std::size_t room() const {
    const std::lock_guard lock(state_->mutex);
    return state_->capacity - state_->items.size();
  }

  // The next item; nothing when the channel is closed and empty; an error when `wait` has passed
  // (kDeadlineExceeded) or the coroutine was cancelled (kCancelled). On the consumer's context
  // only.
  asio::awaitable<base::Result<std::optional<T>>> pop(base::Duration wait) {
    const std::shared_ptr<State> state = state_;  // the Channel may go before the coroutine ends
    for (;;) {
      {
        const std::lock_guard lock(state->mutex);
        if (!state->items.empty()) {
          std::optional<T> item(std::move(state->items.front()));
          state->items.pop_front();
          co_return item;
        }
        if (state->closed) co_return std::nullopt;
        state->waiting = true;
      }
      const Event::Outcome outcome = co_await state->event.wait_for(wait);
      if (outcome == Event::Outcome::kSet) continue;
      const std::lock_guard lock(state->mutex);
      state->waiting = false;
      if (!state->items.empty()) continue;
      if (outcome == Event::Outcome::kCancelled) {
        co_return base::fail(base::Code::kCancelled, "the wait was cancelled");
      }
      co_return base::fail(base::Code::kDeadlineExceeded, "nothing came in time");
    }
  }

 private:
  struct State : std::enable_shared_from_this<State> {
    State(asio::any_io_executor executor, std::size_t bound)
        : consumer(std::move(executor)), event(consumer), capacity(bound) {}
    void wake() {
      asio::post(consumer, [self = this->shared_from_this()] { self->event.set(); });
    }
    const asio::any_io_executor consumer;
    Event event;  // consumer's thread only
    const std::size_t capacity;
    std::mutex mutex;
    std::deque<T> items;
    bool closed = false;
    bool waiting = false;
  };
  std::shared_ptr<State> state_;
};

}  // namespace seine::net
