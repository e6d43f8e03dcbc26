#include "server/calls.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>
#include <vector>

namespace seine::server {

namespace asio = boost::asio;

struct Calls::Call {
  std::size_t place = 0;
  asio::cancellation_signal signal;  // used on the context's thread only
  bool ended = false;                // the same
  std::optional<std::stop_callback<std::function<void()>>> stopped;
};

Calls::~Calls() {
  std::vector<std::shared_ptr<Call>> left;
  {
    const std::lock_guard lock(mutex_);
    left.assign(calls_.begin(), calls_.end());
  }
  for (const std::shared_ptr<Call>& call : left) cancel(call);
  left.clear();
  std::unique_lock lock(mutex_);
  none_.wait(lock, [this] { return calls_.empty(); });
}

void Calls::cancel(const std::shared_ptr<Call>& call) {
  runtime_.post(call->place, [call] {
    if (!call->ended) call->signal.emit(asio::cancellation_type::terminal);
  });
}

void Calls::over(const std::shared_ptr<Call>& call) {
  call->ended = true;
  // Outside the lock: waits for a callback that runs just now, which takes none.
  call->stopped.reset();
  const std::lock_guard lock(mutex_);
  calls_.erase(call);
  if (calls_.empty()) none_.notify_all();
}

// Named coroutine: `work` lives in its frame.
asio::awaitable<void> Calls::run(Work work) {
  // A cancelled wait says so by its result; a throw would pass over what must be told.
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await work();
}

void Calls::start(Work work, std::stop_token stop) {
  std::size_t place = 0;
  {
    const std::lock_guard lock(mutex_);
    place = turn_++ % runtime_.size();
  }
  start_on(place, std::move(work), std::move(stop));
}

void Calls::start_on(std::size_t place, Work work, std::stop_token stop) {
  const auto call = std::make_shared<Call>();
  call->place = place;
  {
    const std::lock_guard lock(mutex_);
    calls_.insert(call);
  }
  runtime_.post(place, [this, call, work = std::move(work)] {
    asio::co_spawn(
        runtime_.context(call->place), run(work),
        asio::bind_cancellation_slot(call->signal.slot(), [this, call](std::exception_ptr failed) {
          over(call);
          // Nothing above could see it: end as an exception on a thread does.
          if (failed) std::rethrow_exception(failed);
        }));
  });
  // After the start was posted, so that a cancellation comes behind it.
  if (stop.stop_possible()) {
    runtime_.post(place, [this, call, stop = std::move(stop)] {
      if (call->ended) return;
      call->stopped.emplace(stop, [this, weak = std::weak_ptr(call)] {
        if (const auto held = weak.lock()) cancel(held);
      });
    });
  }
}

}  // namespace seine::server
