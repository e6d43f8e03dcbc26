// CurlTransport: the network, by libcurl's multi interface on the sockets and
// timers of one Asio context. Every connection's real address is judged twice
// by the guard: when its socket is opened and before a request goes out on it
// (also on a connection that is used again), so that neither redirects, nor a
// second DNS answer, nor a pooled connection get past. Lives on one context's
// thread; destroyed there or after its runtime has stopped.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "web/fetch/transport.h"

namespace seine::web {

struct CurlOptions {
  std::string user_agent;    // sent with every request
  std::string ca_file = {};  // PEM; empty: the system's
  std::size_t connections_max = 256;
  std::size_t per_host_max = 8;
  std::size_t in_flight_max = 512;  // more answer kBusy at once
  // Names that resolve elsewhere than DNS says ("example.org:80:127.0.0.1"),
  // for tests of the guard: the address is judged like any other.
  std::vector<std::string> resolve = {};
  // Told of every address that a socket was opened for.
  std::function<void(const IpAddress&, std::uint16_t port)> on_connect = {};
};

class CurlTransport final : public Transport {
 public:
  CurlTransport(asio::io_context& context, const base::Clock& clock, CurlOptions options);
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override;

  std::size_t in_flight() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace seine::web
