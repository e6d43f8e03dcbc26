#include "web/guard/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "web/url/host.h"

namespace seine::web {
namespace {

struct Range4 {
  std::uint32_t base;
  int bits;
  AddressKind kind;
};

constexpr std::uint32_t ip(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA IPv4 Special-Purpose Address Registry, with the multicast and reserved classes.
constexpr Range4 kRanges4[] = {
    {ip(0, 0, 0, 0), 8, AddressKind::kUnspecified},
    {ip(10, 0, 0, 0), 8, AddressKind::kPrivate},
    {ip(100, 64, 0, 0), 10, AddressKind::kShared},
    {ip(127, 0, 0, 0), 8, AddressKind::kLoopback},
    {ip(168, 63, 129, 16), 32, AddressKind::kCloudService},  // Azure's wire server
    {ip(169, 254, 0, 0), 16, AddressKind::kLinkLocal},
    {ip(172, 16, 0, 0), 12, AddressKind::kPrivate},
    {ip(192, 0, 0, 0), 24, AddressKind::kReserved},
    {ip(192, 0, 2, 0), 24, AddressKind::kDocumentation},
    {ip(192, 88, 99, 0), 24, AddressKind::kReserved},  // 6to4 relays, withdrawn
    {ip(192, 168, 0, 0), 16, AddressKind::kPrivate},
    {ip(198, 18, 0, 0), 15, AddressKind::kReserved},  // benchmarking
    {ip(198, 51, 100, 0), 24, AddressKind::kDocumentation},
    {ip(203, 0, 113, 0), 24, AddressKind::kDocumentation},
    {ip(224, 0, 0, 0), 4, AddressKind::kMulticast},
    {ip(240, 0, 0, 0), 4, AddressKind::kReserved},
};

AddressKind classify_v4(std::uint32_t address) {
  for (const Range4& range : kRanges4) {
    if ((address ^ range.base) >> (32 - range.bits) == 0) return range.kind;
  }
  return AddressKind::kGlobal;
}

struct Range6 {
  std::array<std::uint8_t, 8> base;  // the first 64 bits; no range here is longer
  int bits;
  AddressKind kind;
};

constexpr Range6 kRanges6[] = {
    {{0x00, 0x64, 0xff, 0x9b}, 32, AddressKind::kTranslated},  // NAT64: well-known and local-use
    {{0x20, 0x02}, 16, AddressKind::kTranslated},              // 6to4
    {{0x20, 0x01, 0x00, 0x00}, 32, AddressKind::kTranslated},  // Teredo
    {{0x20, 0x01, 0x0d, 0xb8}, 32, AddressKind::kDocumentation},
    {{0x20, 0x01, 0x00, 0x00}, 23, AddressKind::kReserved},  // protocol assignments, ORCHID
    {{0x3f, 0xff}, 20, AddressKind::kDocumentation},
    {{0xfc}, 7, AddressKind::kPrivate},
    {{0xfe, 0x80}, 10, AddressKind::kLinkLocal},
    {{0xfe, 0xc0}, 10, AddressKind::kPrivate},  // site-local, deprecated but routed by some
    {{0xff}, 8, AddressKind::kMulticast},
};

bool has_prefix(const std::array<std::uint8_t, 16>& address, const Range6& range) {
  const auto whole = static_cast<std::size_t>(range.bits / 8);
  if (!std::equal(range.base.begin(), range.base.begin() + whole, address.begin())) return false;
  const int rest = range.bits % 8;
  return rest == 0 || (address[whole] ^ range.base[whole]) >> (8 - rest) == 0;
}

AddressKind classify_v6(const std::array<std::uint8_t, 16>& a) {
  const auto zeros = [&](std::size_t from, std::size_t to) {
    return std::all_of(a.begin() + static_cast<std::ptrdiff_t>(from),
                       a.begin() + static_cast<std::ptrdiff_t>(to), [](auto b) { return b == 0; });
  };
  if (zeros(0, 15) && a[15] <= 1)
    return a[15] == 0 ? AddressKind::kUnspecified : AddressKind::kLoopback;
  // ::a.b.c.d, ::ffff:a.b.c.d (mapped), ::ffff:0:a.b.c.d (translated, RFC 2765)
  const bool mapped = zeros(0, 10) && a[10] == 0xff && a[11] == 0xff;
  const bool translated = zeros(0, 8) && a[8] == 0xff && a[9] == 0xff && zeros(10, 12);
  if (zeros(0, 12) || mapped || translated) return AddressKind::kTranslated;
  for (const Range6& range : kRanges6) {
    if (has_prefix(a, range)) return range.kind;
  }
  if (a[0] >> 5 != 1) return AddressKind::kReserved;  // outside 2000::/3
  // ISATAP (RFC 5214): any prefix, interface id 0000:5efe or 0200:5efe, then an IPv4 address.
  if ((a[8] & 0xFD) == 0 && a[9] == 0 && a[10] == 0x5e && a[11] == 0xfe)
    return AddressKind::kTranslated;
  return AddressKind::kGlobal;
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t value) {
  IpAddress out;
  out.v4_ = true;
  for (std::size_t i = 0; i < 4; ++i)
    out.bytes_[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  return out;
}

IpAddress IpAddress::v6(const std::array<std::uint16_t, 8>& pieces) {
  IpAddress out;
  for (std::size_t i = 0; i < 8; ++i) {
    out.bytes_[2 * i] = static_cast<std::uint8_t>(pieces[i] >> 8);
    out.bytes_[2 * i + 1] = static_cast<std::uint8_t>(pieces[i]);
  }
  return out;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.find(':') != std::string_view::npos) {
    const auto pieces = parse_url_ipv6(text);
    return pieces ? std::optional(v6(*pieces)) : std::nullopt;
  }
  const auto value = ends_in_a_number(text) ? parse_url_ipv4(text) : std::nullopt;
  // One spelling only: what the URL parser writes.
  if (!value || serialize_ipv4(*value) != text) return std::nullopt;
  return v4(*value);
}

std::optional<IpAddress> IpAddress::from_sockaddr(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, address, sizeof in);
    return v4(ntohl(in.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in;
    std::memcpy(&in, address, sizeof in);
    IpAddress out;
    std::memcpy(out.bytes_.data(), &in.sin6_addr, 16);
    return out;
  }
  return std::nullopt;
}

std::uint32_t IpAddress::v4_value() const {
  return ip(bytes_[0], bytes_[1], bytes_[2], bytes_[3]);
}

std::string IpAddress::to_string() const {
  if (v4_) return serialize_ipv4(v4_value());
  std::array<std::uint16_t, 8> pieces{};
  for (std::size_t i = 0; i < 8; ++i) {
    pieces[i] = static_cast<std::uint16_t>(bytes_[2 * i] << 8 | bytes_[2 * i + 1]);
  }
  return serialize_ipv6(pieces);
}

AddressKind classify(const IpAddress& address) {
  return address.is_v4() ? classify_v4(address.v4_value()) : classify_v6(address.bytes());
}

std::string_view address_kind_name(AddressKind kind) {
  switch (kind) {
    case AddressKind::kGlobal:
      return "global";
    case AddressKind::kUnspecified:
      return "unspecified";
    case AddressKind::kLoopback:
      return "loopback";
    case AddressKind::kPrivate:
      return "private";
    case AddressKind::kShared:
      return "shared";
    case AddressKind::kLinkLocal:
      return "link-local";
    case AddressKind::kMulticast:
      return "multicast";
    case AddressKind::kDocumentation:
      return "documentation";
    case AddressKind::kReserved:
      return "reserved";
    case AddressKind::kTranslated:
      return "translated";
    case AddressKind::kCloudService:
      return "cloud service";
  }
  return "unknown";
}

}  // namespace seine::web
