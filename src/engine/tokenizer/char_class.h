// What pre-tokenizer patterns ask of a code point: the general categories, White_Space and the sets
// that DeepSeek's patterns list, two bytes a point in a two-stage table filled from ICU at first
// use. Read-only afterwards, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/utf8.h"

namespace seine::engine {

class CharClasses {
 public:
  using Flags = std::uint16_t;
  enum : Flags {
    kLetter = 1,
    kMark = 2,
    kNumber = 4,
    kPunctuation = 8,
    kSymbol = 16,
    kSpace = 32,
    kNewline = 64,   // CR and LF alone
    kCased = 128,    // DeepSeek-LLM's letters
    kLlmMark = 256,  // DeepSeek-LLM's punctuation
    kFarEast = 512,  // DeepSeek-LLM's [一-龥ࠀ-一가-퟿]
  };

  static const CharClasses& instance();

  Flags of(char32_t point) const {
    return point < 0x110000 ? blocks_[std::size_t{index_[point >> 8]} * 256 + (point & 255)] : 0;
  }
  // What points whose UTF-8 starts with this byte are of, all together; for bytes that start none,
  // what U+FFFD is of.
  Flags of_first(char byte) const { return first_[static_cast<unsigned char>(byte)]; }

 private:
  CharClasses();
  std::array<std::uint16_t, 0x1100> index_;
  std::vector<Flags> blocks_;
  std::array<Flags, 256> first_;
};

struct PointAt {
  char32_t point;
  std::uint32_t length;
};

// The code point at `at` < text.size(); ill-formed bytes count as U+FFFD.
inline PointAt point_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return std::uint32_t{static_cast<unsigned char>(text[at + i])};
  };
  const auto goes_on = [](std::uint32_t b) { return (b & 0xC0U) == 0x80; };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  // Two and three bytes where any continuation is well-formed; the rest is rare.
  if (first >= 0xE1 && first <= 0xEC && text.size() - at >= 3 && goes_on(byte(1)) &&
      goes_on(byte(2))) {
    return {(first & 0xFU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU), 3};
  }
  if (first >= 0xC2 && first <= 0xDF && text.size() - at >= 2 && goes_on(byte(1))) {
    return {(first & 0x1FU) << 6U | (byte(1) & 0x3FU), 2};
  }
  const base::DecodedPoint decoded = base::decode_utf8(text.substr(at, 4));
  return {decoded.point, decoded.length};
}

}  // namespace seine::engine
