// Server: listens, accepts, and runs one handler for HTTP/1.1, HTTP/2 (h2c with prior knowledge on
// the same port, or ALPN) and WebSocket upgrades. Owned by the composition root, destroyed before
// its Runtime. Connections are dealt to the contexts in turn and never change thread. Public
// functions are safe on any thread but the contexts'. Never reads configuration or signals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/handler.h"
#include "net/limits.h"

namespace seine::net {

class Probe;
class Runtime;
class TlsServer;

struct ListenOptions {
  std::string host = "127.0.0.1";  // address or name; every address of a name is taken
  std::uint16_t port = 0;          // 0: the kernel chooses
  std::string unix_path = {};      // instead of host and port; an old socket file is replaced
  std::shared_ptr<TlsServer> tls = {};
  bool http2_cleartext = true;  // HTTP/2 with prior knowledge on a listener without TLS
};

struct ServerOptions {
  ServerLimits limits = {};
  Probe* probe = nullptr;             // outlives the server; nullptr: none
  std::string server_name = "seine";  // the Server field; empty: none
};

class Server {
 public:
  Server(Runtime& runtime, ServerOptions options, Handler handler);
  ~Server();  // drain() with a deadline that has passed
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and accepts from now on. Returns the port (0 for a Unix socket).
  base::Result<std::uint16_t> listen(ListenOptions options);

  // Stops accepting, tells peers (Connection: close, GOAWAY), lets running requests end until the
  // deadline, then cancels them. Waits for the last connection.
  void drain(base::Deadline deadline);

  std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace seine::net
