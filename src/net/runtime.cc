#include "net/runtime.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <thread>
#include <vector>

#include "base/assert.h"
#include "base/random.h"
#include "net/detail/context_state.h"

namespace seine::net {
namespace {

// One thread's share. The hint of 1 lets Asio skip the locking of its run queue's wake-ups.
struct Lane {
  Lane(const base::Clock& clock, std::uint64_t seed)
      : context(1), guard(context.get_executor()), state(context, clock, seed) {}
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> guard;
  detail::ContextState state;
  std::thread thread;
};

// Named coroutine: `start` lives in its frame, so that a capturing lambda in it stays alive.
asio::awaitable<void> hold_and_run(std::function<asio::awaitable<void>()> start) {
  co_await start();
}

}  // namespace

struct Runtime::Impl {
  const base::Clock& clock;
  std::vector<std::unique_ptr<Lane>> lanes;
  std::atomic<std::size_t> turn{0};
  bool stopped = false;
};

Runtime::Runtime(std::size_t threads, const base::Clock& clock)
    : impl_(std::make_unique<Impl>(clock)) {
  SEINE_ASSERT(threads > 0, "a runtime has at least one thread");
  base::SystemRandom seeds;
  for (std::size_t i = 0; i < threads; ++i) {
    impl_->lanes.push_back(std::make_unique<Lane>(clock, seeds.next_u64()));
  }
  for (const std::unique_ptr<Lane>& lane : impl_->lanes) {
    lane->thread = std::thread([context = &lane->context] { context->run(); });
  }
}

Runtime::~Runtime() {
  stop();
}

std::size_t Runtime::size() const {
  return impl_->lanes.size();
}
asio::io_context& Runtime::context(std::size_t i) {
  return impl_->lanes[i]->context;
}
asio::io_context& Runtime::next() {
  return context(impl_->turn++ % size());
}

std::size_t Runtime::current() const {
  std::size_t i = 0;
  while (i < size() && !impl_->lanes[i]->context.get_executor().running_in_this_thread()) ++i;
  return i;
}

const base::Clock& Runtime::clock() const {
  return impl_->clock;
}
detail::ContextState& Runtime::state(std::size_t i) {
  return impl_->lanes[i]->state;
}

void Runtime::post(std::size_t i, std::function<void()> work) {
  asio::post(context(i), std::move(work));
}

void Runtime::spawn(std::size_t i, std::function<asio::awaitable<void>()> start,
                    std::function<void(std::exception_ptr)> failed) {
  asio::co_spawn(context(i), hold_and_run(std::move(start)),
                 [failed = std::move(failed)](std::exception_ptr exception) {
                   if (!exception) return;
                   if (!failed)
                     std::rethrow_exception(exception);  // ends the thread and the process
                   failed(exception);
                 });
}

void Runtime::run(std::size_t i, std::function<asio::awaitable<void>()> start) {
  SEINE_ASSERT(current() == size(), "a context's thread must not wait for a coroutine");
  std::promise<void> done;
  asio::co_spawn(context(i), hold_and_run(std::move(start)), [&done](std::exception_ptr exception) {
    if (exception) {
      done.set_exception(exception);
    } else {
      done.set_value();
    }
  });
  done.get_future().get();
}

void Runtime::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  for (const std::unique_ptr<Lane>& lane : impl_->lanes) lane->context.stop();
  for (const std::unique_ptr<Lane>& lane : impl_->lanes) lane->thread.join();
}

asio::awaitable<bool> sleep_for(base::Duration wait) {
  asio::steady_timer timer(co_await asio::this_coro::executor, wait);
  const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  co_return !error;
}

}  // namespace seine::net
