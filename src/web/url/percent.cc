#include "web/url/percent.h"

namespace seine::web {
namespace {

constexpr auto set_bit(EncodeSet set) {
  return static_cast<std::uint8_t>(set);
}

// One byte of flags per input byte: bit set = this encode set escapes it.
constexpr std::array<std::uint8_t, 256> make_table() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&](std::string_view bytes, int sets) {
    for (const char c : bytes)
      table[static_cast<unsigned char>(c)] |= static_cast<unsigned char>(sets);
  };
  for (int i = 0; i < 256; ++i) {
    if (i < 0x20 || i > 0x7E) table[static_cast<std::size_t>(i)] = 0xFF;
  }
  constexpr int kUserinfoUp = set_bit(EncodeSet::kUserinfo) | set_bit(EncodeSet::kComponent);
  constexpr int kPathUp = set_bit(EncodeSet::kPath) | kUserinfoUp;
  constexpr int kQueries = set_bit(EncodeSet::kQuery) | set_bit(EncodeSet::kSpecialQuery);
  add(" \"<>`", set_bit(EncodeSet::kFragment));
  add(" \"#<>", kQueries | kPathUp);
  add("'", set_bit(EncodeSet::kSpecialQuery));
  add("?^`{}", kPathUp);
  add("/:;=@[\\]|", kUserinfoUp);
  add("$&+,%", set_bit(EncodeSet::kComponent));
  return table;
}

constexpr std::array<std::uint8_t, 256> kTable = make_table();

}  // namespace

bool needs_encoding(unsigned char byte, EncodeSet set) {
  return (kTable[byte] & set_bit(set)) != 0;
}

void append_encoded_byte(std::string& out, unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out.push_back('%');
  out.push_back(kDigits[byte >> 4]);
  out.push_back(kDigits[byte & 15]);
}

void append_percent_encoded(std::string& out, std::string_view bytes, EncodeSet set) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (needs_encoding(byte, set)) {
      append_encoded_byte(out, byte);
    } else {
      out.push_back(c);
    }
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

}  // namespace seine::web
