// offload: runs blocking work (a database call, a child process) on a pool of threads and resumes
// the coroutine on its own context with the value. The pool is bounded by its owner.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace seine::net {

namespace asio = boost::asio;

// `work` is moved to the pool and called there once; its exception comes out here. The wait cannot
// be cancelled: work has deadlines of its own.
template <typename Work>
asio::awaitable<std::invoke_result_t<Work&>> offload(asio::any_io_executor pool, Work work) {
  const asio::any_io_executor home = co_await asio::this_coro::executor;
  co_return co_await asio::co_spawn(
      pool,
      [](Work moved) -> asio::awaitable<std::invoke_result_t<Work&>> {
        co_return moved();
      }(std::move(work)),
      asio::bind_executor(home, asio::use_awaitable));
}

}  // namespace seine::net
