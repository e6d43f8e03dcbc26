#include "net/detail/field_syntax.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace seine::net::detail {
namespace {

enum : std::uint8_t { kTokenByte = 1, kValueByte = 2, kTargetByte = 4, kAuthorityByte = 8 };

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const char byte = static_cast<char>(c);
    std::uint8_t bits = 0;
    if (alnum || (c != 0 && std::string_view("!#$%&'*+-.^_`|~").contains(byte))) bits |= kTokenByte;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= kValueByte;
    if (c > 0x20 && c != 0x7f) bits |= kTargetByte;
    if (alnum || c >= 0x80 || (c != 0 && std::string_view("-._~!$&'()*+,;=%:[]").contains(byte))) {
      bits |= kAuthorityByte;
    }
    classes[static_cast<std::size_t>(c)] = bits;
  }
  return classes;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

bool all_are(std::string_view text, std::uint8_t bit) {
  return std::ranges::all_of(
      text, [bit](char c) { return (kClasses[static_cast<unsigned char>(c)] & bit) != 0; });
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && all_are(text, kTokenByte);
}
bool is_field_value(std::string_view text) {
  return all_are(text, kValueByte);
}
bool is_target(std::string_view text) {
  return !text.empty() && all_are(text, kTargetByte);
}
bool is_authority(std::string_view text) {
  return all_are(text, kAuthorityByte);
}

std::string_view trim_ows(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace seine::net::detail
