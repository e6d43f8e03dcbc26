// The shared OpenSSL context behind TlsServer and TlsClient. Immutable once made; a reload makes a
// new one, and connections keep the one they began with.
#pragma once

#include <openssl/ssl.h>

#include <memory>

namespace seine::net::detail {

struct SslDelete {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslDelete>;

struct TlsContext {
  std::unique_ptr<SSL_CTX, SslDelete> ssl;
  bool verify_peer = true;
};

}  // namespace seine::net::detail
