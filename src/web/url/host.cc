#include "web/url/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"
#include "web/url/percent.h"

namespace seine::web {
namespace {

constexpr std::string_view kForbiddenHost = "\t\n\r #/:<>?@[\\]^|";

bool forbidden_host_byte(char c) {
  return c == '\0' || kForbiddenHost.find(c) != std::string_view::npos;
}

bool forbidden_domain_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return forbidden_host_byte(c) || byte < 0x20 || c == '%' || byte == 0x7F;
}

// Numbers of the IPv4 parser: decimal, 0x hex, 0 octal. Nothing for anything else.
// Saturates far above 2^32, which every caller refuses.
std::optional<std::uint64_t> ipv4_number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int radix = 10;
  if (text.size() >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    radix = 16;
    text.remove_prefix(2);
  } else if (text.size() >= 2 && text[0] == '0') {
    radix = 8;
    text.remove_prefix(1);
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    const int digit = hex_value(c);
    if (digit < 0 || digit >= radix) return std::nullopt;
    value =
        std::min<std::uint64_t>(value * static_cast<unsigned>(radix) + static_cast<unsigned>(digit),
                                std::uint64_t{1} << 40);
  }
  return value;
}

std::optional<std::string> parse_opaque_host(std::string_view input) {
  if (std::ranges::any_of(input, forbidden_host_byte)) return std::nullopt;
  std::string out;
  append_percent_encoded(out, input, EncodeSet::kC0Control);
  return out;
}

}  // namespace

bool ends_in_a_number(std::string_view domain) {
  std::vector<std::string_view> parts = base::split(domain, '.');
  if (parts.back().empty()) {
    if (parts.size() == 1) return false;
    parts.pop_back();
  }
  const std::string_view last = parts.back();
  const bool digits =
      !last.empty() && std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
  return digits || ipv4_number(last).has_value();
}

std::optional<std::uint32_t> parse_url_ipv4(std::string_view input) {
  std::vector<std::string_view> parts = base::split(input, '.');
  if (parts.back().empty() && parts.size() > 1) parts.pop_back();
  if (parts.size() > 4) return std::nullopt;
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::optional<std::uint64_t> number = ipv4_number(parts[i]);
    if (!number) return std::nullopt;
    const bool last = i + 1 == parts.size();
    const std::uint64_t limit = last ? std::uint64_t{1} << (8 * (5 - parts.size())) : 256;
    if (*number >= limit) return std::nullopt;
    address += last ? *number : *number << (8 * (3 - i));
  }
  return static_cast<std::uint32_t>(address);
}

std::string serialize_ipv4(std::uint32_t a) {
  return fmt::format("{}.{}.{}.{}", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

std::optional<std::array<std::uint16_t, 8>> parse_url_ipv6(std::string_view s) {
  std::array<std::uint16_t, 8> pieces{};
  std::size_t piece = 0;
  std::optional<std::size_t> compress;
  std::size_t i = 0;
  if (!s.empty() && s[0] == ':') {
    if (s.size() < 2 || s[1] != ':') return std::nullopt;
    i = 2;
    compress = ++piece;
  }
  while (i < s.size()) {
    if (piece == 8) return std::nullopt;
    if (s[i] == ':') {
      if (compress) return std::nullopt;
      ++i;
      compress = ++piece;
      continue;
    }
    unsigned value = 0;
    std::size_t length = 0;
    while (length < 4 && i < s.size() && hex_value(s[i]) >= 0) {
      value = value * 16 + static_cast<unsigned>(hex_value(s[i++]));
      ++length;
    }
    if (i < s.size() && s[i] == '.') {  // the last 32 bits written as IPv4
      if (length == 0 || piece > 6) return std::nullopt;
      i -= length;
      int numbers_seen = 0;
      while (i < s.size()) {
        if (numbers_seen > 0) {
          if (s[i] != '.' || numbers_seen >= 4) return std::nullopt;
          ++i;
        }
        if (i >= s.size() || s[i] < '0' || s[i] > '9') return std::nullopt;
        std::optional<unsigned> number;
        while (i < s.size() && s[i] >= '0' && s[i] <= '9') {
          const auto digit = static_cast<unsigned>(s[i] - '0');
          if (number == 0U) return std::nullopt;  // no leading zero
          number = number ? *number * 10 + digit : digit;
          if (*number > 255) return std::nullopt;
          ++i;
        }
        pieces[piece] = static_cast<std::uint16_t>(pieces[piece] * 256 + *number);
        ++numbers_seen;
        if (numbers_seen == 2 || numbers_seen == 4) ++piece;
      }
      if (numbers_seen != 4) return std::nullopt;
      break;
    }
    if (i < s.size() && s[i] == ':') {
      if (++i == s.size()) return std::nullopt;
    } else if (i < s.size()) {
      return std::nullopt;
    }
    pieces[piece++] = static_cast<std::uint16_t>(value);
  }
  if (compress) {
    std::size_t swaps = piece - *compress;
    for (std::size_t at = 7; at != 0 && swaps > 0; --at, --swaps) {
      std::swap(pieces[at], pieces[*compress + swaps - 1]);
    }
  } else if (piece != 8) {
    return std::nullopt;
  }
  return pieces;
}

std::string serialize_ipv6(const std::array<std::uint16_t, 8>& pieces) {
  // The first longest run of two or more zeros becomes "::".
  std::size_t best = 8;
  std::size_t best_length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && pieces[end] == 0) ++end;
    if (end - i > best_length) {
      best = i;
      best_length = end - i;
    }
    i = std::max(i, end == i ? i : end - 1);
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out += i == 0 ? "::" : ":";
      i += best_length - 1;
      continue;
    }
    fmt::format_to(std::back_inserter(out), "{:x}", pieces[i]);
    if (i != 7) out.push_back(':');
  }
  return out;
}

std::optional<std::string> parse_host(std::string_view input, bool opaque) {
  if (!input.empty() && input.front() == '[') {
    if (input.back() != ']') return std::nullopt;
    const auto pieces = parse_url_ipv6(input.substr(1, input.size() - 2));
    if (!pieces) return std::nullopt;
    return "[" + serialize_ipv6(*pieces) + "]";
  }
  if (opaque) return parse_opaque_host(input);
  std::optional<std::string> domain = domain_to_ascii(base::to_valid_utf8(percent_decode(input)));
  if (!domain || std::ranges::any_of(*domain, forbidden_domain_byte)) return std::nullopt;
  if (ends_in_a_number(*domain)) {
    const std::optional<std::uint32_t> address = parse_url_ipv4(*domain);
    if (!address) return std::nullopt;
    return serialize_ipv4(*address);
  }
  return domain;
}

}  // namespace seine::web
