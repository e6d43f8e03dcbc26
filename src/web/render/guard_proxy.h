// The browser's only way out: a SOCKS5 proxy (RFC 1928, CONNECT only, names resolved here) on a
// loopback port, one for each job, that asks the egress guard about every address it connects to.
// What a page's scripts, workers, redirects and sockets reach is what the job's policy allows, and
// nothing before there is one.
// Lives on one io_context; ends with its owner, and with it every connection.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>

#include "base/error.h"
#include "web/guard/guard.h"

namespace seine::web {

class GuardProxy {
 public:
  struct Limits {
    std::size_t connections_max = 64;
    std::uint64_t bytes_max = std::uint64_t{64} << 20;  // from the web, all connections together
  };
  struct Counts {
    std::size_t connections = 0;
    std::size_t refused = 0;  // by the guard
    std::uint64_t bytes = 0;
  };

  static base::Result<std::unique_ptr<GuardProxy>> start(boost::asio::io_context& context,
                                                         Limits limits);
  ~GuardProxy();
  GuardProxy(const GuardProxy&) = delete;
  GuardProxy& operator=(const GuardProxy&) = delete;

  void allow(GuardPolicy policy);
  std::uint16_t port() const;
  Counts counts() const;

 private:
  struct Impl;
  explicit GuardProxy(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace seine::web
