// Request: one HTTP request as a handler sees it, whichever protocol carried it. Lives on its
// connection's context from the end of the header until the handler returns; views it hands out
// live as long. Not for other threads, except stop_token().
#pragma once

#include <any>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "net/headers.h"
#include "net/probe.h"
#include "net/url.h"

namespace seine::net {

namespace asio = boost::asio;

namespace detail {
class Exchange;
}
struct Route;

class Request {
 public:
  explicit Request(detail::Exchange& exchange) : exchange_(exchange) {}
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  std::string_view method() const;     // "GET"; upper case as sent
  std::string_view target() const;     // "/v1/models/a%2Fb?limit=1" as sent
  std::string_view path() const;       // "/v1/models/a%2Fb": the target up to '?', not decoded
  std::string_view authority() const;  // Host or :authority
  const QueryParams& query() const;    // parsed at first use
  const Headers& headers() const;      // names in lower case when HTTP/2 carried them
  // The value of {name} in the matched pattern, decoded; empty if the pattern has none.
  std::string_view param(std::string_view name) const;
  // The matched route; null outside a Router.
  const Route* route() const;

  std::string_view peer() const;  // "127.0.0.1:40112", "[::1]:40112", "unix"
  Protocol protocol() const;
  bool tls() const;

  // The next piece of the body, at most 64 KiB; empty at its end. Lives until the next call.
  // Errors: kResourceExhausted past the limit (send_error then answers 413), kDeadlineExceeded for
  // a peer that sends nothing (408), kInvalidArgument for broken coding, kCancelled when the peer
  // is gone.
  asio::awaitable<base::Result<std::string_view>> read_some();
  // The whole body; the limit is the server's or the route's, or a smaller one given here.
  asio::awaitable<base::Result<std::string>> read_all(std::uint64_t bytes_max = UINT64_MAX);
  // Lowers or raises this request's limit before the first read.
  void set_body_limit(std::uint64_t bytes_max);

  // Until when the whole exchange must be over.
  base::Deadline deadline() const;
  void set_deadline(base::Deadline deadline);
  // Fires on the connection's thread when the peer leaves or resets the stream, at the deadline,
  // and at the end of a drain. For work on other threads; the handler coroutine itself is cancelled
  // by Asio's cancellation: what it awaits ends.
  std::stop_token stop_token();
  bool cancelled() const;

  // "req_" and 24 hex digits; also sent back as x-request-id.
  std::string_view id() const;
  // The caller's trace context, or a new one.
  const base::TraceContext& trace() const;

  // A place for what a guard learned (who is asking) that the handler needs.
  std::any& attachment();

  // For Router.
  void set_route(const Route* route, std::vector<std::pair<std::string_view, std::string>> params);

 private:
  detail::Exchange& exchange_;
};

}  // namespace seine::net
