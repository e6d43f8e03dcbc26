#include "net/url.h"

#include <algorithm>

#include "base/text.h"

namespace seine::net {
namespace {

using base::Code;
using base::fail;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte of the escape at `at`, or -1.
int escape_at(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string form_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (const int byte = text[i] == '%' ? escape_at(text, i) : -1; byte >= 0) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Bytes of a registered name (RFC 3986 section 3.2.2) with room for UTF-8, which the resolver
// judges; enough to keep a host from breaking out of a header or a log line.
bool is_host_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || is_unreserved(c) ||
         std::string_view("!$&'()*+,;=%").find(c) != std::string_view::npos;
}

bool is_ipv6_byte(char c) {
  return hex_digit(c) >= 0 || c == ':' || c == '.';
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int byte = escape_at(text, i);
    if (byte < 0) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

QueryParams QueryParams::parse(std::string_view text, std::size_t count_max) {
  QueryParams params;
  while (!text.empty() && params.pairs_.size() < count_max) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    params.pairs_.emplace_back(form_decode(pair.substr(0, equals)),
                               form_decode(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return params;
}

std::optional<std::string_view> QueryParams::get(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> QueryParams::get_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : pairs_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (!default_port()) out += ":" + std::to_string(port);
  return out;
}

std::string Url::to_string() const {
  return scheme + "://" + authority() + target;
}

base::Result<Url> parse_url(std::string_view text) {
  const auto refuse = [](std::string_view why) {
    return fail(Code::kInvalidArgument, "not an absolute http URL: {}", why);
  };
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) return refuse("it holds a space or control character");
  }
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return refuse("no scheme");
  Url url;
  url.scheme = base::ascii_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https" && url.scheme != "ws" && url.scheme != "wss") {
    return refuse("the scheme is not http, https, ws or wss");
  }
  text.remove_prefix(colon + 3);
  const std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  text.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos) return refuse("it holds user information");

  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return refuse("'[' without ']'");
    host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!std::ranges::all_of(host, is_ipv6_byte) || host.find(':') == std::string_view::npos) {
      return refuse("ill-formed IPv6 address");
    }
  } else {
    const std::size_t at = std::min(authority.find(':'), authority.size());
    host = authority.substr(0, at);
    port = authority.substr(at);
    if (!std::ranges::all_of(host, is_host_byte)) return refuse("ill-formed host");
  }
  if (host.empty()) return refuse("no host");
  url.host = base::ascii_lower(host);
  url.port = url.secure() ? 443 : 80;
  if (!port.empty()) {
    if (!port.starts_with(':')) return refuse("ill-formed port");
    port.remove_prefix(1);
    if (!port.empty()) {
      const std::optional<std::uint64_t> number = base::parse_u64(port);
      if (!number || *number == 0 || *number > 65535) return refuse("ill-formed port");
      url.port = static_cast<std::uint16_t>(*number);
    }
  }
  text = text.substr(0, text.find('#'));
  if (!text.starts_with('/')) url.target = "/";
  url.target += text;
  return url;
}

}  // namespace seine::net
