// WebSocket (RFC 6455) on an HTTP/1.1 request. A handler accepts, then reads and writes messages
// until close. Bound to its request: used by the handler's coroutine on its context. Answers pings,
// pings an idle peer, closes one that stays silent. No extensions.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seine::net {

namespace asio = boost::asio;

class Request;
class Response;

struct WebSocketOptions {
  std::string subprotocol = {};       // sent back; must be one that the client offered
  std::size_t message_bytes_max = 0;  // 0: the server's limit
  std::chrono::milliseconds ping_interval{30'000};  // silence before a ping, and before giving up
};

struct WebSocketMessage {
  bool text = true;  // valid UTF-8 then
  std::string data = {};
};

class WebSocket {
 public:
  // Sends 101. An error for a request that is no proper upgrade; the caller then answers it (426).
  static asio::awaitable<base::Result<WebSocket>> accept(Request& request, Response& response,
                                                         WebSocketOptions options = {});
  WebSocket(WebSocket&&) noexcept;
  WebSocket& operator=(WebSocket&&) noexcept;
  ~WebSocket();

  // The next message. kCancelled after a proper close or when the peer is gone, kInvalidArgument
  // after a protocol error (1002, 1007), kResourceExhausted past the size (1009),
  // kDeadlineExceeded for a silent peer; the close frame has been sent then.
  asio::awaitable<base::Result<WebSocketMessage>> read();
  // May run while another coroutine of the same context is in read(). `data` must live until it
  // returns.
  asio::awaitable<base::Result<void>> send_text(std::string_view data);
  asio::awaitable<base::Result<void>> send_binary(std::string_view data);
  // Close frame, and a bounded wait for the peer's.
  asio::awaitable<void> close(std::uint16_t code = 1000, std::string_view reason = {});

 private:
  struct Impl;
  explicit WebSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::net
