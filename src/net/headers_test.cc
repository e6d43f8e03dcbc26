#include "net/headers.h"

#include <gtest/gtest.h>

namespace seine::net {
namespace {

TEST(Headers, NamesAreWithoutCaseAndOrderIsKept) {
  Headers headers{{"Accept", "a"}, {"X-One", "1"}, {"accept", "b"}};
  EXPECT_EQ(headers.get("ACCEPT"), "a");
  EXPECT_EQ(headers.get_all("accept"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(headers[1].name, "X-One");
  EXPECT_EQ(headers.list_bytes(), 6 + 1 + 32 + 5 + 1 + 32 + 6 + 1 + 32U);
  EXPECT_FALSE(headers.contains("x-two"));
}

TEST(Headers, SetReplacesEveryFieldEvenByAViewIntoItself) {
  Headers headers{{"a", "1"}, {"b", "kept"}, {"A", "2"}};
  headers.set("a", *headers.get("b"));
  EXPECT_EQ(headers.get_all("a"), (std::vector<std::string_view>{"kept"}));
  EXPECT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers.remove("a"), 1U);
  EXPECT_EQ(headers.remove("a"), 0U);
}

TEST(Headers, TokensOfLists) {
  Headers headers{{"Connection", "keep-alive , Upgrade"}, {"connection", "x"}};
  EXPECT_TRUE(headers.has_token("connection", "upgrade"));
  EXPECT_TRUE(headers.has_token("connection", "X"));
  EXPECT_FALSE(headers.has_token("connection", "keep"));
}

}  // namespace
}  // namespace seine::net
