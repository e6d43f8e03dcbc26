// Connection: an accepted socket from its first byte to its end: TLS handshake, choice of protocol,
// then that protocol. Lives on one context, held by its coroutine and by the server's table.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <memory>
#include <string>

#include "net/detail/buffer.h"
#include "net/detail/exchange.h"
#include "net/detail/listener.h"
#include "net/detail/protocol.h"
#include "net/detail/tls_context.h"
#include "net/detail/transport.h"

namespace seine::net::detail {

class Connection {
 public:
  Connection(std::shared_ptr<const ServerConfig> config, ContextState& state, Accepted accepted,
             std::shared_ptr<TlsContext> tls, bool http2_cleartext);

  asio::awaitable<CloseReason> run();
  asio::cancellation_signal& signal() { return signal_; }
  void drain();
  void stop_now();

 private:
  asio::awaitable<bool> speaks_http2();

  const std::shared_ptr<const ServerConfig> config_;
  const std::string peer_;
  const std::shared_ptr<TlsContext> tls_;
  const bool http2_cleartext_;
  asio::cancellation_signal signal_;
  Transport transport_;
  Buffer in_;
  std::unique_ptr<ProtocolConnection> protocol_;
};

}  // namespace seine::net::detail
