// Http2Stream: one HTTP/2 request and its response. Its coroutine and the connection's table both
// hold it; after closed() only the coroutine does.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/detail/exchange.h"
#include "net/detail/http2_session.h"
#include "net/event.h"

namespace seine::net::detail {

class Http2Connection;

class Http2Stream final : public Exchange {
 public:
  Http2Stream(Http2Connection& connection, std::int32_t id, RequestHead request_head,
              HeadFault fault, bool ended);

  // The stream's coroutine: handler, then the rest of the response.
  asio::awaitable<void> run();
  asio::cancellation_signal& signal() { return signal_; }

  // From the session, by way of the connection.
  void receive(std::string_view bytes);
  void receive_end();
  void closed(std::uint32_t error);
  Http2Events::Pulled pull(std::span<char> into);
  Headers take_trailers() { return std::move(trailers_); }

  asio::awaitable<base::Result<std::string_view>> read_some() override;
  void send(int response_status, Headers headers, std::string body) override;
  asio::awaitable<base::Result<void>> start(int response_status, Headers headers) override;
  asio::awaitable<base::Result<void>> write(std::string_view piece) override;
  asio::awaitable<base::Result<void>> finish(Headers trailers) override;

 private:
  void emit_cancel() override;
  void respond(int response_status, const Headers& headers, bool ends, std::size_t length);
  std::size_t unsent() const { return out_.size() - out_begin_; }
  // Until at most `bytes` of the response are unsent.
  asio::awaitable<base::Result<void>> wait_unsent(std::size_t bytes);
  static void wake(std::optional<Event>& event);
  asio::awaitable<Event::Outcome> wait(std::optional<Event>& event, base::Duration time);

  Http2Connection& connection_;
  const std::int32_t stream_id_;
  const HeadFault fault_;
  asio::cancellation_signal signal_;
  std::string in_;     // received, not given out
  std::string piece_;  // given out; the peer's window opens for it at the next read
  bool in_ended_;
  std::string out_;
  std::size_t out_begin_ = 0;
  bool out_ended_ = false;
  bool pulled_end_ = false;
  bool closed_ = false;
  Headers trailers_;
  std::optional<Event> readable_;  // made when somebody waits
  std::optional<Event> writable_;
};

}  // namespace seine::net::detail
