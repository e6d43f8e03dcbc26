// Where a page leads on by itself: the Refresh field of the response and <meta http-equiv=refresh>
// (HTML standard, "shared declarative refresh steps"). Pure; the page is foreign input.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "web/fetch/transport.h"
#include "web/url/url.h"

namespace seine::web {

struct Refresh {
  std::chrono::seconds delay{0};
  std::string url;  // as written; empty: the page itself again
};
// "5; url='/next'": nothing where the standard does nothing.
std::optional<Refresh> parse_refresh(std::string_view content);

// The address that a reader would end up at without doing anything: within kRefreshMax, and another
// one than `url`. A longer delay is a page to be read.
inline constexpr std::chrono::seconds kRefreshMax{5};
std::optional<std::string> refresh_target(const HopResponse& response, const Url& url);

}  // namespace seine::web
