#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>

namespace seine::base {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail_field(Code::kInvalidArgument, "n", "{} is odd", n);
  return n / 2;
}

Result<int> quarter(int n) {
  const int once = SEINE_TRY(half(n));
  return SEINE_TRY(half(once));
}

Result<> check_quarter(int n) {
  SEINE_CHECK(quarter(n));
  return {};
}

TEST(Error, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(quarter(12), 3);
  EXPECT_EQ(quarter(6).error(), (Error{Code::kInvalidArgument, "3 is odd", "n"}));
  EXPECT_TRUE(check_quarter(8));
  EXPECT_FALSE(check_quarter(7));
}

TEST(Error, TryMovesTheValue) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto use = [&]() -> Result<int> {
    const std::unique_ptr<int> p = SEINE_TRY(make());
    return *p;
  };
  EXPECT_EQ(use(), 7);
}

TEST(Error, NamesTheSixteenCodes) {
  for (int code = 1; code <= 16; ++code) {
    const std::string_view name = code_name(static_cast<Code>(code));
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(name == "UNKNOWN", static_cast<Code>(code) == Code::kUnknown);
    EXPECT_GE(http_status(static_cast<Code>(code)), 400);
  }
  EXPECT_EQ(http_status(Code::kResourceExhausted), 429);
  EXPECT_EQ(http_status(Code::kNotFound), 404);
}

TEST(Error, PrintsCodeMessageAndField) {
  const Error error{Code::kOutOfRange, "prompt has 9 tokens, the limit is 8", "messages"};
  EXPECT_EQ(error.to_string(), "OUT_OF_RANGE: prompt has 9 tokens, the limit is 8 (messages)");
  EXPECT_EQ(Error(error).within("model x").message, "model x: prompt has 9 tokens, the limit is 8");
}

TEST(Error, MapsSystemErrors) {
  EXPECT_EQ(errno_error("open a", ENOENT).code, Code::kNotFound);
  EXPECT_EQ(errno_error("write b", ENOSPC).code, Code::kResourceExhausted);
  EXPECT_EQ(errno_error("open a", ENOENT).message, "open a: No such file or directory");
}

}  // namespace
}  // namespace seine::base
