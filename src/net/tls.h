// TLS set-up from PEM files. TlsServer is what a listener presents; reload() swaps the certificate
// for new connections while running ones go on. TlsClient is what the HTTP client trusts. TLS 1.2
// and later. Safe on any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

namespace seine::net {

namespace detail {
struct TlsContext;
}

struct TlsServerOptions {
  std::string certificate_file;  // PEM chain, leaf first
  std::string key_file;          // PEM, not encrypted
  bool http2 = true;             // offer h2 by ALPN beside http/1.1
};

class TlsServer {
 public:
  static base::Result<std::shared_ptr<TlsServer>> load(TlsServerOptions options);
  explicit TlsServer(TlsServerOptions options);
  ~TlsServer();
  // Reads the files again; on an error the old certificate stays.
  base::Result<void> reload();

  std::shared_ptr<detail::TlsContext> context() const;  // for net's own use

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct TlsClientOptions {
  std::string ca_file = {};  // trusted beside the system's own
  bool system_ca = true;
  bool verify_peer = true;  // false only where the operator asked for it
};

class TlsClient {
 public:
  static base::Result<std::shared_ptr<TlsClient>> load(TlsClientOptions options);
  explicit TlsClient(std::shared_ptr<detail::TlsContext> context);
  ~TlsClient();

  std::shared_ptr<detail::TlsContext> context() const;  // for net's own use

 private:
  std::shared_ptr<detail::TlsContext> context_;
};

}  // namespace seine::net
