// on_pool: runs a blocking call (of the database, of a child process) on a pool of threads and
// resumes the coroutine on its own context with the result. The one bridge from coroutines to
// threads that block. Whoever owns both ends the pool before the contexts: the pool's threads post
// to them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "base/error.h"

namespace seine::net {

namespace asio = boost::asio;

// `job()` returns Result<T>. `pool.submit(job, done)` calls `done(Result<T>)` once from a thread of
// its own, or fails at once and never does (store::WorkerPool). The wait cannot be cancelled: the
// call has bounds of its own, and a cancellation is noticed at the coroutine's next wait.
template <typename T, typename Pool, typename Job>
asio::awaitable<base::Result<T>> on_pool(Pool& pool, Job job) {
  const asio::any_io_executor home = co_await asio::this_coro::executor;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(base::Result<T>)>(
      [&pool](auto handler, asio::any_io_executor back, Job work) {
        // The handler owns the coroutine, the guard keeps its context from running dry. Both leave
        // the pool's thread with the completion, so that nothing of them is destroyed there.
        struct Waiting {
          decltype(handler) resumed;
          asio::executor_work_guard<asio::any_io_executor> guard;
        };
        auto waiting = std::make_shared<Waiting>(std::move(handler), asio::make_work_guard(back));
        auto resume = [waiting = std::move(waiting)](base::Result<T> result) mutable {
          const asio::any_io_executor executor = waiting->guard.get_executor();
          asio::post(executor,
                     [waiting = std::move(waiting), result = std::move(result)]() mutable {
                       auto resumed = std::move(waiting->resumed);
                       std::move(resumed)(std::move(result));
                     });
        };
        if (auto queued = pool.submit(std::move(work), resume); !queued)
          resume(std::unexpected(std::move(queued).error()));
      },
      asio::use_awaitable, home, std::move(job));
}

}  // namespace seine::net
