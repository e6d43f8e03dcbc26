// URLs as HTTP needs them: percent coding, query strings, form bodies, request targets and absolute
// http/https/ws/wss URLs (RFC 3986). Pure functions. Not the browser's URL parser: that one lives
// in web/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace seine::net {

// Nothing for a '%' without two hex digits. '+' stays '+'.
std::optional<std::string> percent_decode(std::string_view text);
// Encodes all but unreserved characters (RFC 3986 section 2.3), so a '/' inside a segment too.
std::string percent_encode(std::string_view text);

// Name and value of application/x-www-form-urlencoded pairs, decoded, in order, '+' is a space. An
// ill-formed escape stays as it was written (WHATWG URL section 5.1).
class QueryParams {
 public:
  QueryParams() = default;
  // At most `count_max` pairs are kept; the rest is dropped.
  static QueryParams parse(std::string_view text, std::size_t count_max = 256);

  std::optional<std::string_view> get(std::string_view name) const;
  std::vector<std::string_view> get_all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

struct Url {
  std::string scheme;  // "http", "https", "ws", "wss"
  std::string host;    // lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;
  std::string target;  // path and query as written, at least "/"; no fragment

  bool secure() const { return scheme == "https" || scheme == "wss"; }
  bool default_port() const { return port == (secure() ? 443 : 80); }
  // "host" or "host:port", brackets around IPv6: the Host header.
  std::string authority() const;
  std::string to_string() const;
};

// Refuses user information, control characters, spaces, an empty host and other schemes.
base::Result<Url> parse_url(std::string_view text);

}  // namespace seine::net
