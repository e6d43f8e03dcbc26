// Hosts by the URL Standard (section 3.5): domains through UTS #46, the odd spellings of IPv4 that
// every client must read alike, IPv6, opaque hosts. Pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seine::web {

// The serialised host, nothing when it is not valid. `opaque` for URLs whose scheme is not special.
std::optional<std::string> parse_host(std::string_view input, bool opaque);

// "example.org" for any spelling of the domain; nothing when UTS #46 refuses it or nothing is left.
std::optional<std::string> domain_to_ascii(std::string_view domain);
// For showing: labels that mix scripts (or do not decode) stay in punycode.
std::string domain_for_display(std::string_view ascii_domain);

// "0x7f.1" is an IPv4 address to a URL parser; nothing when it is not valid as one.
std::optional<std::uint32_t> parse_url_ipv4(std::string_view input);
std::optional<std::array<std::uint16_t, 8>> parse_url_ipv6(std::string_view input);  // no brackets
std::string serialize_ipv4(std::uint32_t address);
std::string serialize_ipv6(const std::array<std::uint16_t, 8>& pieces);  // no brackets
// Whether the last label is a number, so that the host is an IPv4 address or nothing.
bool ends_in_a_number(std::string_view domain);

}  // namespace seine::web
