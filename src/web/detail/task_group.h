// TaskGroup: coroutines that run side by side on one context and whose values come out as they are
// ready. Destroying the group cancels those that still run; they end on their own and touch nothing
// of the caller's. One thread, one waiter.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "net/event.h"

namespace seine::web::detail {

namespace asio = boost::asio;

template <typename T>
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor)
      : executor_(executor), state_(std::make_shared<State>(std::move(executor))) {}
  ~TaskGroup() { cancel(); }
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // An exception that leaves `work` counts as no value.
  void start(asio::awaitable<T> work) {
    const std::uint64_t id = state_->next_id++;
    auto signal = std::make_shared<asio::cancellation_signal>();
    state_->running.emplace(id, signal);
    asio::co_spawn(executor_, run(std::move(work), state_),
                   asio::bind_cancellation_slot(signal->slot(),
                                                [state = state_, id, signal](std::exception_ptr) {
                                                  state->running.erase(id);
                                                  state->event.set();
                                                }));
  }

  std::size_t running() const { return state_->running.size(); }
  bool empty() const { return state_->running.empty() && state_->done.empty(); }

  // The next value; nothing when `wait` has passed, when the caller was cancelled, or when all have
  // ended.
  asio::awaitable<std::optional<T>> next(base::Duration wait, const base::Clock& clock) {
    const std::shared_ptr<State> state = state_;
    const base::TimePoint until = clock.now() + wait;
    for (;;) {
      if (!state->done.empty()) {
        std::optional<T> value(std::move(state->done.front()));
        state->done.pop_front();
        co_return value;
      }
      if (state->running.empty()) co_return std::nullopt;
      const base::TimePoint now = clock.now();
      if (now >= until) co_return std::nullopt;
      const auto outcome = co_await state->event.wait_for(until - now);
      if (outcome == net::Event::Outcome::kCancelled) {
        state->cancelled = true;
        co_return std::nullopt;
      }
    }
  }
  bool cancelled() const { return state_->cancelled; }

  void cancel() {
    // Emitting may end a task, which takes itself out of the map.
    const auto running = state_->running;
    for (const auto& [id, signal] : running) signal->emit(asio::cancellation_type::terminal);
  }

 private:
  struct State {
    explicit State(asio::any_io_executor executor) : event(std::move(executor)) {}
    net::Event event;
    std::deque<T> done;
    std::map<std::uint64_t, std::shared_ptr<asio::cancellation_signal>> running;
    std::uint64_t next_id = 0;
    bool cancelled = false;
  };

  static asio::awaitable<void> run(asio::awaitable<T> work, std::shared_ptr<State> state) {
    T value = co_await std::move(work);
    state->done.push_back(std::move(value));
  }

  asio::any_io_executor executor_;
  std::shared_ptr<State> state_;
};

}  // namespace seine::web::detail
