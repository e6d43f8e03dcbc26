#include "net/detail/connection.h"

#include <boost/asio/this_coro.hpp>

#include "net/detail/http1_connection.h"
#include "net/detail/http2_connection.h"

namespace seine::net::detail {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";  // RFC 9113 section 3.4

}  // namespace

Connection::Connection(std::shared_ptr<const ServerConfig> config, ContextState& state,
                       Accepted accepted, std::shared_ptr<TlsContext> tls, bool http2_cleartext)
    : config_(std::move(config)),
      peer_(std::move(accepted.peer)),
      tls_(std::move(tls)),
      http2_cleartext_(http2_cleartext),
      transport_(state, accepted.fd, accepted.family) {}

asio::awaitable<CloseReason> Connection::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const base::Clock& clock = transport_.state().ticker.clock();
  bool http2 = false;
  if (tls_) {
    transport_.read_deadline(clock.now() + config_->limits.header_timeout);
    if (!co_await transport_.handshake_server(tls_)) co_return CloseReason::kTlsHandshake;
    http2 = transport_.alpn() == "h2";
  } else if (http2_cleartext_) {
    http2 = co_await speaks_http2();
  }
  if (transport_.closed()) co_return CloseReason::kDrain;
  if (http2) {
    protocol_ = std::make_unique<Http2Connection>(*config_, transport_, in_, peer_);
  } else {
    protocol_ = std::make_unique<Http1Connection>(*config_, transport_, in_, peer_, signal_);
  }
  const CloseReason reason = co_await protocol_->run();
  protocol_.reset();
  transport_.close();
  co_return reason;
}

// Reads as long as the bytes could be HTTP/2's preface. Any other outcome, also silence, is for
// HTTP/1.1 to judge.
asio::awaitable<bool> Connection::speaks_http2() {
  const base::TimePoint now = transport_.state().ticker.clock().now();
  transport_.read_deadline(now + config_->limits.header_timeout);
  while (in_.size() < kPreface.size() && kPreface.starts_with(in_.view())) {
    IoResult result = transport_.try_read(in_.prepare(4 * 1024));
    if (result.status == IoStatus::kWantRead) {
      if (in_.empty()) in_.release();
      if (co_await transport_.wait_readable() != IoStatus::kOk) break;
      continue;
    }
    if (result.status != IoStatus::kOk) break;
    in_.commit(result.bytes);
  }
  co_return in_.view().starts_with(kPreface);
}

void Connection::drain() {
  if (protocol_) {
    protocol_->drain();
  } else {
    transport_.close();
  }
}

void Connection::stop_now() {
  if (protocol_) {
    protocol_->stop_now();
  } else {
    transport_.close();
  }
}

}  // namespace seine::net::detail
