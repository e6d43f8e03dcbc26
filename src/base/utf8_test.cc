#include "base/utf8.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace seine::base {
namespace {

TEST(Utf8, EveryScalarValueSurvivesARoundTrip) {
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    std::string bytes;
    append_utf8(bytes, point);
    const DecodedPoint decoded = decode_utf8(bytes);
    ASSERT_TRUE(decoded.valid) << static_cast<unsigned>(point);
    ASSERT_EQ(decoded.point, point);
    ASSERT_EQ(decoded.length, bytes.size());
  }
}

TEST(Utf8, RefusesOverlongSurrogateAndTooLarge) {
  for (const std::string_view bad :
       {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
  }
  EXPECT_EQ(find_invalid_utf8("abcdefgh\xFFx"), 8u);
}

// The example of the standard, table 3-8: each maximal subpart becomes one replacement character.
TEST(Utf8, ReplacesMaximalSubparts) {
  const std::string bytes = "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64";
  EXPECT_EQ(to_valid_utf8(bytes), "a\uFFFD\uFFFD\uFFFDb\uFFFDc\uFFFD\uFFFDd");
}

TEST(Utf8, PrefixAndSuffixNeverCutACodePoint) {
  const std::string text = "aé中😀z";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view head = std::string_view(text).substr(0, cut);
    const std::size_t whole = utf8_prefix(text, cut);
    EXPECT_TRUE(is_valid_utf8(text.substr(0, whole)));
    EXPECT_EQ(whole + incomplete_utf8_suffix(head), cut);
  }
  EXPECT_EQ(incomplete_utf8_suffix("\xED\xA0"), 0u) << "a surrogate's bytes can never be completed";
}

TEST(Utf8, RandomBytesBecomeValidAndStaySo) {
  SeededRandom random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random.below(40), '\0');
    for (char& c : bytes)
      c = static_cast<char>(random.below(4) == 0 ? random.below(128) : 128 + random.below(128));
    const std::string valid = to_valid_utf8(bytes);
    EXPECT_TRUE(is_valid_utf8(valid));
    EXPECT_EQ(to_valid_utf8(valid), valid);
    EXPECT_EQ(to_utf8(to_utf32(bytes)), valid);
    EXPECT_EQ(count_points(bytes), to_utf32(bytes).size());
    EXPECT_EQ(is_valid_utf8(bytes), bytes == valid);
  }
}

}  // namespace
}  // namespace seine::base
