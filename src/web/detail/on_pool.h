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
        // Everything that knows of the context goes with the completion: a pool's thread that ends
        // its task late must not touch a context that is gone by then.
        struct Back {
          decltype(handler) resumed;
          asio::executor_work_guard<asio::any_io_executor> guard;
        };
        auto held = std::make_shared<Back>(Back{std::move(handler), asio::make_work_guard(back)});
        auto resume = [held](base::Result<T> result) mutable {
          const asio::any_io_executor executor = held->guard.get_executor();
          asio::post(executor, [held = std::move(held), result = std::move(result)]() mutable {
            auto handed = std::move(held->resumed);
            std::move(handed)(std::move(result));
          });
        };
        if (auto queued = pool.submit(std::move(work), resume); !queued)
          resume(std::unexpected(std::move(queued).error()));
        held.reset();
      },
      asio::use_awaitable, home, std::move(job));
}

// A cancellation of the caller reaches `work` on its own context.
template <typename T>
asio::awaitable<T> at_home(asio::any_io_executor home, asio::awaitable<T> work) {
  co_return co_await asio::co_spawn(std::move(home), std::move(work), asio::use_awaitable);
}

}  // namespace seine::web::detail
