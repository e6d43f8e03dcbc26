// What pre-tokenizer patterns ask of a code point: the general categories and White_Space, one byte
// a point in a two-stage table filled from ICU at first use. Read-only afterwards, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace seine::engine {

class CharClasses {
 public:
  enum : std::uint8_t {
    kLetter = 1,
    kMark = 2,
    kNumber = 4,
    kPunctuation = 8,
    kSymbol = 16,
    kSpace = 32,
    kNewline = 64,  // CR and LF alone
  };

  static const CharClasses& instance();

  std::uint8_t of(char32_t point) const {
    return point < 0x110000 ? blocks_[std::size_t{index_[point >> 8]} * 256 + (point & 255)] : 0;
  }

 private:
  CharClasses();
  std::array<std::uint16_t, 0x1100> index_;
  std::vector<std::uint8_t> blocks_;
};

struct PointAt {
  char32_t point;
  std::uint32_t length;
};

// The code point at `at` < text.size(); ill-formed bytes count as U+FFFD.
inline PointAt point_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {byte, 1};
  const base::DecodedPoint decoded = base::decode_utf8(text.substr(at, 4));
  return {decoded.point, decoded.length};
}

}  // namespace seine::engine
