// Fetcher: from an address to the bytes that stand there: redirects by hand, those of a header
// (Location, Refresh) and those of a page (meta refresh) alike, each hop through the guard and
// robots.txt, over a transport (cache, politeness, network). Lives on one context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "web/fetch/robots_cache.h"
#include "web/fetch/transport.h"
#include "web/reader.h"

namespace seine::web {

// The product token that robots.txt files know us by; part of the User-Agent.
inline constexpr std::string_view kAgentToken = "SeineBot";
std::string default_user_agent(std::string_view version, std::string_view contact);

struct FetchRequest {
  std::string url;
  std::string method = "GET";
  net::Headers headers = {};
  std::string body = {};
  std::shared_ptr<const GuardPolicy> policy = {};
  FetchLimits limits = {};
  CacheUse cache = {};
  RobotsPolicy robots = RobotsPolicy::kRespect;
  double rate_limit = 0;  // requests a second of this caller, all sites together; 0: no own bound
  std::size_t redirects_max = 10;
};

struct Redirect {
  int status = 0;  // 200 where the page itself, or its Refresh field, leads on
  std::string from;
  std::string to;
};

struct FetchResponse {
  std::string url;
  Url final_url;
  HopResponse hop;
  std::vector<Redirect> redirects = {};
  bool downgraded = false;  // a redirect left https
};

class Fetcher {
 public:
  // All outlive it.
  Fetcher(Transport& transport, RobotsCache& robots, const base::Clock& clock)
      : transport_(transport), robots_(robots), clock_(clock) {}

  // Errors carry a Verdict; any final status that is no redirect is a response.
  asio::awaitable<base::Result<FetchResponse>> fetch(FetchRequest request);

 private:
  asio::awaitable<base::Result<void>> may_fetch(Url url, std::shared_ptr<const GuardPolicy> policy,
                                                RobotsPolicy robots, bool offline,
                                                std::chrono::milliseconds timeout);

  Transport& transport_;
  RobotsCache& robots_;
  const base::Clock& clock_;
};

}  // namespace seine::web
