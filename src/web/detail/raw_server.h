// RawServer: for tests: a loopback listener whose handler writes any bytes at all, so that it can
// misbehave in every way. Runs on the caller's context; ends with it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace seine::web::detail {

namespace asio = boost::asio;
using asio::ip::tcp;

class RawServer {
 public:
  // `path` is what stands between the method and the protocol, `head` the whole request's head.
  // The connection is closed when the handler ends.
  using Handler =
      std::function<asio::awaitable<void>(tcp::socket& socket, std::string path, std::string head)>;

  RawServer(asio::io_context& context, Handler handler)
      : state_(std::make_shared<State>(context, std::move(handler))) {
    asio::co_spawn(context, accept(state_), asio::detached);
  }
  ~RawServer() { state_->acceptor.close(); }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }
  std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port()) + std::string(path);
  }
  std::size_t requests() const { return state_->requests; }

  static asio::awaitable<void> say(tcp::socket& socket, std::string bytes) {
    co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
  }
  // A whole response.
  static asio::awaitable<void> answer(tcp::socket& socket, std::string status, std::string headers,
                                      std::string body) {
    std::string text = "HTTP/1.1 " + status + "\r\n" + headers +
                       "Content-Length: " + std::to_string(body.size()) +
                       "\r\nConnection: close\r\n\r\n" + body;
    co_await say(socket, std::move(text));
  }

 private:
  struct State {
    State(asio::io_context& context, Handler given)
        : acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          handler(std::move(given)) {}
    tcp::acceptor acceptor;
    Handler handler;
    std::size_t requests = 0;
  };

  static asio::awaitable<void> accept(std::shared_ptr<State> state) {
    for (;;) {
      tcp::socket socket = co_await state->acceptor.async_accept(asio::use_awaitable);
      asio::co_spawn(state->acceptor.get_executor(), serve(state, std::move(socket)),
                     asio::detached);
    }
  }
  static asio::awaitable<void> serve(std::shared_ptr<State> state, tcp::socket socket) {
    std::string head;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(head), "\r\n\r\n",
                                    asio::use_awaitable);
    ++state->requests;
    const std::size_t first = head.find(' ');
    const std::size_t second = head.find(' ', first + 1);
    std::string path = head.substr(first + 1, second - first - 1);
    co_await state->handler(socket, std::move(path), std::move(head));
  }

  std::shared_ptr<State> state_;
};

}  // namespace seine::web::detail
