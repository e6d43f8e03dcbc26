#include "net/url.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace seine::net {
namespace {

TEST(Percent, RoundTripOfAnyBytes) {
  base::SeededRandom random(7);
  for (int i = 0; i < 500; ++i) {
    std::string bytes(random.below(40), '\0');
    random.fill(std::as_writable_bytes(std::span(bytes)));
    EXPECT_EQ(percent_decode(percent_encode(bytes)), bytes);
  }
}

TEST(Percent, IllFormedEscapes) {
  EXPECT_EQ(percent_decode("a%2Fb+c"), "a/b+c");
  EXPECT_EQ(percent_decode("%"), std::nullopt);
  EXPECT_EQ(percent_decode("%2"), std::nullopt);
  EXPECT_EQ(percent_decode("%zz"), std::nullopt);
}

TEST(QueryParams, PairsInOrder) {
  const QueryParams query = QueryParams::parse("a=1&b=x+y&a=%32&flag&=v&&bad=%zz");
  EXPECT_EQ(query.get("a"), "1");
  EXPECT_EQ(query.get_all("a"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_EQ(query.get("b"), "x y");
  EXPECT_EQ(query.get("flag"), "");
  EXPECT_EQ(query.get(""), "v");
  EXPECT_EQ(query.get("bad"), "%zz");
  EXPECT_EQ(query.get("none"), std::nullopt);
  EXPECT_EQ(QueryParams::parse("a&b&c", 2).pairs().size(), 2U);
}

TEST(Url, Parts) {
  const auto url = parse_url("HTTPS://Example.COM:8443/a/b?c=d#e");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a/b?c=d");
  EXPECT_EQ(url->to_string(), "https://example.com:8443/a/b?c=d");
  EXPECT_EQ(parse_url("http://h")->target, "/");
  EXPECT_EQ(parse_url("http://h?q")->target, "/?q");
  EXPECT_EQ(parse_url("http://h:80/")->authority(), "h");
  const auto six = parse_url("http://[::1]:81/x");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "::1");
  EXPECT_EQ(six->authority(), "[::1]:81");
}

TEST(Url, Refused) {
  for (const char* text :
       {"", "h", "ftp://h/", "http://", "http:///x", "http://u@h/", "http://u:p@h/", "http://h:0/",
        "http://h:65536/", "http://h:x/", "http://[::1/", "http://[zz]/", "http://h /",
        "http://h/\n", "http://h\\x/", "http://[::1]x/"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

}  // namespace
}  // namespace seine::net
