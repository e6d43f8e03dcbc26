#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>

namespace seine::base {
namespace {

TEST(Json, ErrorsGiveLineAndColumn) {
  const Result<Json> bad = parse_json("{\"a\": 1,\n  \"b\": }");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "not JSON: line 2, column 8");
}

TEST(Json, DepthAndSizeAreBounded) {
  EXPECT_TRUE(parse_json(std::string(128, '[') + std::string(128, ']')));
  const Result<Json> deep = parse_json(std::string(100'000, '['));
  EXPECT_EQ(deep.error().message, "JSON is nested 100000 deep, the limit is 128");
  EXPECT_TRUE(parse_json("\"" + std::string(1000, '[') + "\""))
      << "brackets in strings do not nest";
  EXPECT_TRUE(parse_json(R"(["\"[[", "\\"])", {.depth_max = 1}));
  EXPECT_EQ(parse_json("[1,2]", {.bytes_max = 4}).error().code, Code::kResourceExhausted);
}

TEST(Json, MembersByType) {
  const Json object = *parse_json(
      R"({"n": 5, "f": 5.0, "x": 1.5, "s": "text", "t": true, "z": null, "big": 18446744073709551615})");
  EXPECT_EQ(*get<int>(object, "n"), std::optional(5));
  EXPECT_EQ(*get<int>(object, "f"), std::optional(5))
      << "JavaScript writes whole numbers both ways";
  EXPECT_EQ(*get<double>(object, "n"), std::optional(5.0));
  EXPECT_EQ(*get<std::uint64_t>(object, "big"), std::optional(UINT64_MAX));
  EXPECT_EQ(get<std::int64_t>(object, "big").error().message,
            "'big' must be an integer, got a number that does not fit");
  EXPECT_EQ(get<int>(object, "x").error().field, "x");
  EXPECT_EQ(*get<std::string>(object, "z"), std::optional<std::string>());
  EXPECT_EQ(get_or<bool>(object, "absent", true), true);
  EXPECT_EQ(get<bool>(object, "s").error().message, "'s' must be a boolean, got string");
  EXPECT_EQ(require<std::string>(object, "absent").error().message, "'absent' is missing");
  EXPECT_FALSE(get<int>(Json::array(), "n"));
}

TEST(Json, OutputIsAlwaysJson) {
  EXPECT_EQ(to_text(Json("a\xFF")), "\"a\uFFFD\"");
  EXPECT_EQ(to_text(Json(std::nan(""))), "null");
  EXPECT_EQ(to_text(*parse_json(R"({"b":1,"a":[2]})")), R"({"b":1,"a":[2]})") << "order is kept";
}

TEST(Json, StringLiteralsAgreeWithTheLibrary) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  all += "é中😀";
  std::string out;
  append_json_string(out, all);
  EXPECT_EQ(*parse_json(out), Json(all));
  out.clear();
  append_json_string(out, "x\xC3");
  EXPECT_EQ(out, "\"x\uFFFD\"");
}

}  // namespace
}  // namespace seine::base
