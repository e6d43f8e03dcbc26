// Transport: one HTTP exchange, no more: no redirects, no cookies, no robots.
// The port that the fetcher stands on; the network (curl_transport.h), the
// cache (cache/caching_transport.h), a record of a run (replay/) and the fakes
// of tests are transports. All live on one context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/headers.h"
#include "web/fetch/decoder.h"
#include "web/guard/guard.h"
#include "web/page_document.h"
#include "web/url/url.h"

namespace seine::web {

namespace asio = boost::asio;

// Statuses whose Location is followed (RFC 9110 section 15.4).
constexpr bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

struct FetchLimits {
  std::size_t header_bytes_max = std::size_t{64} << 10;
  std::uint64_t body_bytes_max = std::uint64_t{10} << 20;  // as it comes over the wire
  DecoderLimits decoder = {};
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds idle_timeout{10'000};  // hardly a byte for so long
  std::chrono::milliseconds total_timeout{20'000};
};

// What the caller asks of caches on the way.
struct CacheUse {
  std::optional<std::chrono::seconds> max_age = {};  // nothing: HTTP's own rules
  bool offline = false;                              // only what is kept, whatever its age
  bool store = true;
  std::string principal = {};  // whose copy, where cookies or authorization are sent
};

struct HopRequest {
  std::string method = "GET";
  Url url;
  net::Headers headers = {};
  std::string body = {};
  std::shared_ptr<const GuardPolicy> policy = {};  // nullptr: the default one
  FetchLimits limits = {};
  CacheUse cache = {};
  double rate_limit = 0;  // of the caller (cache.principal), over all sites; 0: no own bound
};

struct HopResponse {
  int status = 0;
  net::Headers headers;
  std::string body;  // decoded
  std::uint64_t wire_bytes = 0;
  std::string protocol;  // "h2", "http/1.1"
  std::string address;   // that answered, as text; empty where it is not the network
  base::WallTime fetched_at{};
  std::chrono::seconds age{0};
  PageSource from = PageSource::kNetwork;
  bool revalidated = false;
  bool stale = false;  // older than allowed, since the source failed
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Errors carry a Verdict. Any status is a response.
  virtual asio::awaitable<base::Result<HopResponse>> send(HopRequest request) = 0;
};

}  // namespace seine::web
