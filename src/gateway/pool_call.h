// pool_call: runs a blocking call on the store's pool and resumes the coroutine on its own context
// with the result. The call carries its own deadline; a full pool is an error at once.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "base/error.h"
#include "store/worker_pool.h"

namespace seine::gateway {

template <typename T, typename Job>
boost::asio::awaitable<base::Result<T>> pool_call(store::WorkerPool& pool, Job job) {
  namespace asio = boost::asio;
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(base::Result<T>)>(
      [&pool](auto handler, Job work) {
        const auto home = asio::get_associated_executor(handler);
        auto held = std::make_shared<decltype(handler)>(std::move(handler));
        const auto resume = [home, held](base::Result<T> result) {
          asio::post(home, [held, result = std::move(result)]() mutable {
            std::move (*held)(std::move(result));
          });
        };
        if (auto queued = pool.submit(std::move(work), resume); !queued) {
          resume(std::unexpected(std::move(queued).error()));
        }
      },
      asio::use_awaitable, std::move(job));
}

}  // namespace seine::gateway
