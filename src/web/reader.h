// Reader: from an address to a PageDocument: fetch (guard, robots, politeness, cache), extract,
// keep a snapshot. Called from coroutines on any context of the runtime; cancelling the caller
// stops the reading at once. Owned by the composition root. Never defeats a wall: what stands
// before a page is a typed failure.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/headers.h"
#include "web/guard/guard.h"
#include "web/page_document.h"

namespace seine::web {

namespace asio = boost::asio;

enum class RenderJs : std::uint8_t { kNever, kAuto, kAlways };
enum class RobotsPolicy : std::uint8_t { kRespect, kIgnore };
// kOffline: only what is kept, whatever its age. kPreferCache: what is kept unless it is older than
// `max_age` or, without one, than HTTP allows.
enum class NetworkUse : std::uint8_t { kPreferCache, kOffline };

struct ReadOptions {
  // Requests a second of this principal, whatever sites they go to; 0: no bound beside those that
  // the configuration sets for a site and for all.
  double rate_limit = 0;
  RenderJs render_js = RenderJs::kAuto;
  std::chrono::milliseconds timeout{15'000};
  bool sanitize_html = false;                     // also give HTML that is safe to show
  std::vector<std::string> allowed_domains = {};  // empty: all; "example.org" covers subdomains
  std::vector<std::string> denied_domains = {};
  // The age of a kept copy that will do. Nothing: what HTTP says. Zero: ask the source.
  std::optional<std::chrono::seconds> max_age = {};
  NetworkUse network = NetworkUse::kPreferCache;
  // Places that the person at the command line or the configuration named: they may be private
  // addresses. Never filled from a page, a search hit or a model.
  std::vector<Endpoint> endpoints = {};
  RobotsPolicy robots = RobotsPolicy::kRespect;
  bool main_content = true;    // false: everything visible
  std::string selector = {};   // CSS: what matching elements hold, instead of the main content
  bool links = false;          // also list the page's links
  net::Headers headers = {};   // Accept-Language and the like; cookies and keys make a private copy
  std::string principal = {};  // whose private copy that is
};

class Reader {
 public:
  virtual ~Reader() = default;
  // Errors carry a Verdict (verdict_of).
  virtual asio::awaitable<base::Result<PageDocument>> read(std::string url,
                                                           ReadOptions options) = 0;
};

}  // namespace seine::web
