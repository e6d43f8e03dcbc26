// Cache-Control (RFC 9111 section 5.2) of requests and responses, read as a careful cache must: in
// doubt, stale. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/headers.h"

namespace seine::web {

struct CacheControl {
  using Age = std::optional<std::chrono::seconds>;
  Age max_age = {};  // 0 where the value is not valid; the smallest of several
  Age s_maxage = {};
  Age stale_while_revalidate = {};
  Age stale_if_error = {};
  Age min_fresh = {};
  Age max_stale = {};  // of any length: seconds::max()
  bool no_store = false;
  bool no_cache = false;  // without field names
  bool must_revalidate = false;
  bool is_public = false;
  bool is_private = false;
  bool immutable = false;
  bool must_understand = false;
  bool only_if_cached = false;
  std::vector<std::string> no_cache_fields = {};  // lower case

  // All Cache-Control fields of a message.
  static CacheControl of(const net::Headers& headers);
  static CacheControl parse(std::string_view value);
};

// Digits only, saturated at 2^31 (section 1.2.2); nothing for anything else.
std::optional<std::chrono::seconds> parse_delta_seconds(std::string_view text);

}  // namespace seine::web
