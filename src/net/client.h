// Client: HTTP/1.1 to other services (model providers, cluster peers, webhooks). One object for the
// whole process; each context has its own pool of connections per origin, and a call stays on the
// context that made it. Owned by the composition root, destroyed before its Runtime and after its
// calls. Follows no redirects, keeps no cookies, decodes no content codings: web/ does that.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "net/headers.h"
#include "net/url.h"

namespace seine::net {

namespace asio = boost::asio;

class Runtime;
class TlsClient;

struct ClientLimits {
  using Milliseconds = std::chrono::milliseconds;
  Milliseconds connect_timeout{10'000};     // name, TCP and TLS
  Milliseconds first_byte_timeout{60'000};  // from the request's last byte to the response's header
  Milliseconds idle_timeout{60'000};        // between two bytes, either way
  Milliseconds total_timeout{600'000};
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t header_count_max = 256;
  std::uint64_t body_bytes_max = std::uint64_t{64} << 20;  // read_all() only
  std::size_t connections_per_origin_max = 64;             // per context; a caller waits past it
  std::size_t idle_per_origin_max = 16;
  Milliseconds keep_idle{30'000};
};

// Where requests go through. NO_PROXY entries: host, .suffix, host:port, "*".
struct ProxyOptions {
  std::string http = {};   // "http://proxy:3128": for http URLs, by absolute form
  std::string https = {};  // for https URLs, by CONNECT
  std::string no_proxy = {};

  // http_proxy, HTTPS_PROXY, NO_PROXY in either case, HTTP_PROXY only where no CGI set it.
  static ProxyOptions from_environment(const std::function<const char*(const char*)>& getenv);
  // The proxy for a URL; empty for none.
  std::string choose(const Url& url) const;
};

// Asked with each resolved address before it is connected to ("93.184.216.34", 443, "example.com").
// An error refuses it. The egress guard.
using AddressApproval = std::function<base::Result<void>(
    std::string_view address, std::uint16_t port, std::string_view host)>;

struct ClientOptions {
  ClientLimits limits = {};
  ProxyOptions proxy = {};
  std::shared_ptr<TlsClient> tls = {};  // nullptr: system authorities
  AddressApproval approve = {};
  std::string user_agent = "seine";
};

struct ClientRequest {
  std::string method = "GET";
  Url url;
  Headers headers = {};
  std::string body = {};
  // Instead of `body`: pieces until an empty one, sent chunked.
  std::function<asio::awaitable<base::Result<std::string>>()> body_source = {};
  std::optional<ClientLimits> limits = {};  // instead of the client's
  base::Deadline deadline = base::Deadline::never();
};

// A response whose body is still on its way. Destroying it early closes the connection.
class ClientResponse {
 public:
  int status() const;
  const Headers& headers() const;
  // The next piece, at most 64 KiB; empty at the end. Lives until the next call.
  asio::awaitable<base::Result<std::string_view>> read_some();
  // All of it, bounded by ClientLimits::body_bytes_max or less.
  asio::awaitable<base::Result<std::string>> read_all(std::uint64_t bytes_max = UINT64_MAX);

  struct Impl;
  explicit ClientResponse(std::unique_ptr<Impl> impl);
  ClientResponse(ClientResponse&&) noexcept;
  ClientResponse& operator=(ClientResponse&&) noexcept;
  ~ClientResponse();

 private:
  std::unique_ptr<Impl> impl_;
};

class Client {
 public:
  Client(Runtime& runtime, ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Returns at the response's header. kUnavailable: not reached; kDeadlineExceeded names the phase;
  // kPermissionDenied: `approve` refused; kCancelled; kDataLoss: the peer broke off or sent
  // nonsense; kUnauthenticated: its certificate was not accepted. A request on a connection that
  // the peer had closed meanwhile is tried once more on a new one if it is safe to repeat.
  asio::awaitable<base::Result<ClientResponse>> send(ClientRequest request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::net
