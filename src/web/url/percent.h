// Percent-encode sets and coding of the URL Standard (section 1.3). Pure functions over bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace seine::web {

enum class EncodeSet : std::uint8_t {
  kC0Control = 1,
  kFragment = 2,
  kQuery = 4,
  kSpecialQuery = 8,
  kPath = 16,
  kUserinfo = 32,
  kComponent = 64,
};

bool needs_encoding(unsigned char byte, EncodeSet set);
void append_encoded_byte(std::string& out, unsigned char byte);  // "%2F"
void append_percent_encoded(std::string& out, std::string_view bytes, EncodeSet set);
// A '%' that two hex digits do not follow stays as it is.
std::string percent_decode(std::string_view text);
int hex_value(char c);  // -1 when not a hex digit

}  // namespace seine::web
