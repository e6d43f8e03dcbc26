// UTF-8 by the Unicode standard (chapter 3, table 3-7): overlong forms, surrogates and values past
// U+10FFFF are ill-formed. Pure functions, safe on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seine::base {

inline constexpr char32_t kReplacement = U'\uFFFD';

struct DecodedPoint {
  char32_t point;       // kReplacement when the bytes are ill-formed
  std::uint8_t length;  // bytes consumed, 1-4: for ill-formed input the maximal subpart (standard,
                        // section 3.9)
  bool valid;
};

// The code point at the start of `bytes`, which must not be empty.
DecodedPoint decode_utf8(std::string_view bytes);

// Appends the encoding of a code point; surrogates and values past U+10FFFF become U+FFFD.
void append_utf8(std::string& out, char32_t point);

bool is_valid_utf8(std::string_view bytes);
// Where the first ill-formed sequence starts.
std::optional<std::size_t> find_invalid_utf8(std::string_view bytes);
// Each maximal ill-formed subpart becomes one U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

// Length of the longest prefix of at most `limit` bytes that cuts no code point in two.
std::size_t utf8_prefix(std::string_view bytes, std::size_t limit);
// Bytes at the end of `bytes` that begin a sequence which more input may complete (0-3): a stream
// holds them back.
std::size_t incomplete_utf8_suffix(std::string_view bytes);

// Number of code points; an ill-formed subpart counts as one.
std::size_t count_points(std::string_view bytes);

std::u32string to_utf32(std::string_view bytes);
std::string to_utf8(std::u32string_view points);

}  // namespace seine::base
