#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/random.h"

namespace seine::base {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(Text, TrimsAndSplits) {
  EXPECT_EQ(trim(" \t a b \n"), "a b");
  EXPECT_EQ(trim("   "), "");
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

TEST(Text, NumbersMustBeTheWholeText) {
  EXPECT_EQ(parse_i64("-12"), -12);
  EXPECT_EQ(parse_u64("18446744073709551615"), UINT64_MAX);
  for (const std::string_view bad : {"", " 1", "1 ", "+1", "1x", "99999999999999999999"}) {
    EXPECT_FALSE(parse_u64(bad)) << bad;
  }
  EXPECT_EQ(parse_double("1.5e3"), 1500.0);
}

TEST(Text, Sizes) {
  EXPECT_EQ(parse_size("4096"), 4096u);
  EXPECT_EQ(parse_size("512MiB"), std::uint64_t{512} << 20);
  EXPECT_EQ(parse_size("1.5 GB"), std::uint64_t{3} << 29);
  EXPECT_EQ(parse_size("100k"), 102400u);
  for (const std::string_view bad : {"", "MiB", "12 XB", "-1", "1..2", "1 MiB 2"})
    EXPECT_FALSE(parse_size(bad)) << bad;
  EXPECT_EQ(parse_size("99999999T").error().code, Code::kOutOfRange);
  EXPECT_EQ(format_size(1536), "1.5 KiB");
  EXPECT_EQ(format_size(1023), "1023 B");
  EXPECT_EQ(format_size(UINT64_MAX), "16.0 EiB");
}

TEST(Text, Durations) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("0.5s"), 500ms);
  for (const std::string_view bad : {"", "5", "s", "5 parsecs", "1h-"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
  EXPECT_EQ(parse_duration("99999999999d").error().code, Code::kOutOfRange);
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(1500ms), "1.5s");
  EXPECT_EQ(format_count(131072), "131,072");
  EXPECT_EQ(format_count(999), "999");
}

TEST(Text, HexAndBase64OfRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("\xff\xfe", Base64::kUrl), "__4");
  EXPECT_FALSE(
      from_base64("Zg=="
                  "Zg=="));
  EXPECT_FALSE(from_base64("Zh==")) << "bits that do not belong to any byte";
  EXPECT_FALSE(from_base64("A"));
  EXPECT_EQ(hex(std::string_view("\x00\xAB", 2)), "00ab");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Text, HexAndBase64RoundTrip) {
  SeededRandom random(3);
  for (int round = 0; round < 500; ++round) {
    std::string bytes(random.below(50), '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    EXPECT_EQ(from_base64(base64(bytes)), bytes);
    EXPECT_EQ(from_base64(base64(bytes, Base64::kUrl), Base64::kUrl), bytes);
    EXPECT_EQ(from_hex(hex(bytes)), bytes);
  }
}

TEST(Text, NearestFindsSlipsOnly) {
  constexpr std::array<std::string_view, 3> kNames = {"server.listen", "server.threads",
                                                      "log.level"};
  EXPECT_EQ(nearest("server.lisen", kNames), "server.listen");
  EXPECT_EQ(nearest("log.elvel", kNames), "log.level");
  EXPECT_FALSE(nearest("model.name", kNames));
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("ab", "ba"), 1u);
}

TEST(Text, ConstantTimeEqual) {
  EXPECT_TRUE(constant_time_equal("secret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secreT"));
  EXPECT_FALSE(constant_time_equal("secret", "secrets"));
}

}  // namespace
}  // namespace seine::base
