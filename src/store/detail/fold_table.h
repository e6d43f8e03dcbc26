// What each code point becomes in the index: case, width, compatibility forms and accents folded,
// Traditional Han to Simplified. Built once from ICU's data (about 40 ms at first use), then
// read-only and safe on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seine::store::detail {

enum class CharClass : std::uint8_t {
  kBreak,   // spaces, punctuation, symbols: end a word
  kLetter,  // of a script with words
  kDigit,
  kCjk,   // of a script without spaces between words: Han, kana, Hangul, Thai, Khmer, ...
  kMark,  // an accent on the letter before: dropped
};

class FoldTable {
 public:
  static const FoldTable& instance();

  // A code point's class, after folding.
  CharClass char_class(char32_t point) const {
    return static_cast<CharClass>(look(point) >> kClassShift & 7U);
  }
  bool is_upper(char32_t point) const { return (look(point) & kUpperBit) != 0; }

  // What `point` folds to: none, one or several code points. `single` is room for the usual one.
  std::u32string_view fold(char32_t point, char32_t& single) const {
    const std::uint32_t entry = look(point);
    const std::uint32_t value = entry & kValueMask;
    if ((entry & kPoolBit) != 0) return pool_view(value);
    single = value == 0 ? point : static_cast<char32_t>(value);
    return {&single, 1};
  }

  // Kana and a following voiced (U+3099) or semi-voiced mark (U+309A) as one; 0 if there is none.
  char32_t voiced(char32_t kana, char32_t mark) const;

 private:
  // class (3 bits), upper, pool, value (21 bits: 0 = itself, else a code point or a pool index).
  static constexpr std::uint32_t kValueMask = (1U << 21) - 1;
  static constexpr std::uint32_t kPoolBit = 1U << 21;
  static constexpr std::uint32_t kUpperBit = 1U << 22;
  static constexpr std::uint32_t kClassShift = 23;
  static constexpr char32_t kEnd = 0x32000;  // the planes with letters; above are breaks
  static constexpr char32_t kKanaBegin = 0x3040;
  static constexpr char32_t kKanaEnd = 0x3100;

  using Page = std::array<std::uint32_t, 256>;

  FoldTable();
  std::uint32_t look(char32_t point) const {
    return point < kEnd ? pages_[page_of_[point >> 8]][point & 0xff] : 0;
  }
  std::u32string_view pool_view(std::uint32_t index) const {
    return std::u32string_view(pool_).substr(index + 1, pool_[index]);
  }
  std::uint32_t entry_for(std::u32string_view folded, char32_t point);

  std::vector<Page> pages_;
  std::array<std::uint16_t, (kEnd >> 8)> page_of_{};
  std::u32string pool_;  // length, then that many code points
  std::array<std::array<char32_t, 2>, kKanaEnd - kKanaBegin> voiced_{};
};

}  // namespace seine::store::detail
