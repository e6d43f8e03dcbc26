// An IP address and what kind of address it is by the IANA special-purpose registries. Pure values
// and functions, safe on any thread. Never resolves, never connects.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace seine::web {

class IpAddress {
 public:
  static IpAddress v4(std::uint32_t value);
  static IpAddress v6(const std::array<std::uint16_t, 8>& pieces);
  // Dotted decimal or RFC 4291 text, with or without brackets; no zone id, no odd IPv4 spelling.
  static std::optional<IpAddress> parse(std::string_view text);
  // The address a socket would really connect to (AF_INET or AF_INET6).
  static std::optional<IpAddress> from_sockaddr(const sockaddr* address);

  bool is_v4() const { return v4_; }
  std::uint32_t v4_value() const;                                       // for is_v4() only
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }  // IPv4 in the first four
  std::string to_string() const;

  bool operator==(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  bool v4_ = false;
};

enum class AddressKind : std::uint8_t {
  kGlobal,       // the only kind a page may live at
  kUnspecified,  // 0/8, ::
  kLoopback,
  kPrivate,    // RFC 1918, fc00::/7
  kShared,     // 100.64/10: carrier NAT, and the metadata service of Alibaba Cloud
  kLinkLocal,  // with most clouds' metadata service
  kMulticast,
  kDocumentation,
  kReserved,      // protocol assignments, benchmarking, 240/4, anything outside 2000::/3
  kTranslated,    // an IPv6 form that carries an IPv4 address (mapped, NAT64, 6to4, Teredo, ISATAP)
  kCloudService,  // global by the registries, but answers inside a cloud only (168.63.129.16)
};

AddressKind classify(const IpAddress& address);
std::string_view address_kind_name(AddressKind kind);

}  // namespace seine::web
