// at_home: runs a coroutine on the module's context for a caller on any other.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace seine::web::detail {

namespace asio = boost::asio;

// A cancellation of the caller reaches `work` on its own context.
template <typename T>
asio::awaitable<T> at_home(asio::any_io_executor home, asio::awaitable<T> work) {
  co_return co_await asio::co_spawn(std::move(home), std::move(work), asio::use_awaitable);
}

}  // namespace seine::web::detail
