// HTTP/1.1 on one connection (RFC 9112): one exchange after the other, in its own coroutine, which
// also runs the handlers. Pipelined requests wait their turn in the socket; their small answers
// leave together.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <string>
#include <string_view>

#include "net/detail/chunked.h"
#include "net/detail/exchange.h"
#include "net/detail/protocol.h"

namespace seine::net::detail {

class Http1Connection final : public Exchange, public ProtocolConnection {
 public:
  // `in` may hold first bytes. All references outlive the connection; `signal` is that of the
  // coroutine that awaits run().
  Http1Connection(const ServerConfig& config, Transport& transport, Buffer& in,
                  std::string_view peer, asio::cancellation_signal& signal);

  asio::awaitable<CloseReason> run() override;
  void drain() override;
  void stop_now() override;

  asio::awaitable<base::Result<std::string_view>> read_some() override;
  void send(int response_status, Headers headers, std::string body) override;
  asio::awaitable<base::Result<void>> start(int response_status, Headers headers) override;
  asio::awaitable<base::Result<void>> write(std::string_view piece) override;
  asio::awaitable<base::Result<void>> finish(Headers trailers) override;
  std::pair<Transport*, Buffer*> upgrade() override;

 private:
  void emit_cancel() override;
  asio::awaitable<bool> read_head();
  void refuse(const HeadFault& fault);
  void append_head(int response_status, const Headers& headers);
  asio::awaitable<base::Result<void>> flush();
  asio::awaitable<base::Result<void>> put(std::string_view bytes);
  asio::awaitable<base::Result<void>> need_input();
  bool body_complete() const;
  bool discard_is_cheap() const;
  asio::awaitable<bool> discard_body();
  asio::awaitable<void> linger();

  Transport& transport_;
  Buffer& in_;
  asio::cancellation_signal& signal_;
  HangupWatch watch_;
  HeadLimits head_limits_;
  HeadScanner scanner_;
  ChunkDecoder chunks_;
  std::uint64_t body_left_ = 0;   // of a body with a length
  std::size_t consume_next_ = 0;  // bytes of in_ behind the last piece given out
  std::string out_;
  CloseReason reason_ = CloseReason::kNormal;
  bool idle_ = false;  // waiting for a request with nothing to write
  bool draining_ = false;
  bool keep_alive_ = true;
  bool continue_due_ = false;  // 100 Continue not sent yet
  bool chunked_out_ = false;
  bool body_allowed_ = true;  // neither HEAD nor 204, 304
  bool upgraded_ = false;
  bool lingers_ = false;
};

}  // namespace seine::net::detail
