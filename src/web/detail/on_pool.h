// on_pool: runs a blocking call on the store's pool and resumes the coroutine on its own context
// with the result. at_home: runs a coroutine on the module's context for a caller on any other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "base/error.h"
#include "store/worker_pool.h"

namespace seine::web::detail {

namespace asio = boost::asio;

// `job()` returns Result<T>. The wait is not cancelled: the call has bounds of its own.
template <typename T, typename Job>
asio::awaitable<base::Result<T>> on_pool(store::WorkerPool& pool, Job job) {
  const asio::any_io_executor home = co_await asio::this_coro::executor;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(base::Result<T>)>(
      [&pool](auto handler, asio::any_io_executor back, Job work) {
        auto held = std::make_shared<decltype(handler)>(std::move(handler));
        const auto guard = asio::make_work_guard(back);
        const auto resume = [guard, held](base::Result<T> result) {
          asio::post(guard.get_executor(), [held, result = std::move(result)]() mutable {
            std::move (*held)(std::move(result));
          });
        };
        if (auto queued = pool.submit(std::move(work), resume); !queued)
          resume(std::unexpected(std::move(queued).error()));
      },
      asio::use_awaitable, home, std::move(job));
}

// A cancellation of the caller reaches `work` on its own context.
template <typename T>
asio::awaitable<T> at_home(asio::any_io_executor home, asio::awaitable<T> work) {
  co_return co_await asio::co_spawn(std::move(home), std::move(work), asio::use_awaitable);
}

}  // namespace seine::web::detail
