// offload: runs blocking work (a database call, a child process) on a pool of threads and resumes
// the coroutine on its own context with the value. The pool is bounded by its owner, who ends it
// before the contexts that its threads post to.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace seine::net {

namespace asio = boost::asio;

// `work` is moved to the pool and called there once; its exception comes out here. The wait cannot
// be cancelled: work has deadlines of its own. A cancellation that comes meanwhile is noticed at
// the next wait, on this coroutine's context and never on the pool's.
template <typename Work>
asio::awaitable<std::invoke_result_t<Work&>> offload(asio::any_io_executor pool, Work work) {
  using Value = std::invoke_result_t<Work&>;
  constexpr bool kNothing = std::is_void_v<Value>;
  struct Task {
    Work work;
    std::optional<std::conditional_t<kNothing, bool, Value>> value = {};
    std::exception_ptr thrown = {};

    void run() {
      try {
        if constexpr (kNothing) {
          work();
          value = true;
        } else {
          value.emplace(work());
        }
      } catch (...) {
        thrown = std::current_exception();
      }
    }
  };
  const auto task = std::make_shared<Task>(std::move(work));
  const asio::any_io_executor home = co_await asio::this_coro::executor;
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [](auto handler, asio::any_io_executor there, asio::any_io_executor back,
         std::shared_ptr<Task> job) {
        // The handler owns the coroutine: it is only ever called on the coroutine's own context,
        // which the guard keeps from running dry meanwhile.
        auto held = std::make_shared<decltype(handler)>(std::move(handler));
        auto guard = asio::make_work_guard(back);
        asio::post(there, [held = std::move(held), guard = std::move(guard),
                           job = std::move(job)]() mutable {
          job->run();
          job.reset();
          const auto executor = guard.get_executor();
          asio::post(executor,
                     [held = std::move(held), guard = std::move(guard)] { std::move (*held)(); });
        });
      },
      asio::use_awaitable, std::move(pool), home, task);
  if (task->thrown) std::rethrow_exception(task->thrown);
  if constexpr (!kNothing) co_return std::move(*task->value);
}

}  // namespace seine::net
