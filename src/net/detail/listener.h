// Listener: one listening socket, bound and non-blocking, that hands accepted descriptors to a
// function. Lives on one context. Pauses for a moment when the process is out of descriptors.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

namespace seine::net::detail {

namespace asio = boost::asio;

// An accepted, non-blocking connection.
struct Accepted {
  int fd = -1;
  int family = 0;
  std::string peer;  // "127.0.0.1:40112", "[::1]:40112", "unix"
};

class Listener {
 public:
  // Takes a listening descriptor.
  Listener(asio::io_context& context, int fd, std::string unix_path,
           std::function<void(Accepted)> accepted);
  ~Listener();

  asio::awaitable<void> run();
  // On the context: no more connections; run() ends.
  void close();

 private:
  asio::posix::stream_descriptor socket_;
  const std::string unix_path_;
  const std::function<void(Accepted)> accepted_;
};

struct Bound {
  int fd;
  std::uint16_t port;
};
// Every address of `host`, all with the same port when it is 0.
base::Result<std::vector<Bound>> bind_tcp(const std::string& host, std::uint16_t port);
base::Result<Bound> bind_unix(const std::string& path);

}  // namespace seine::net::detail
