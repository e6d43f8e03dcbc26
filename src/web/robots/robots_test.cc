#include "web/robots/robots.h"

#include <gtest/gtest.h>

namespace seine::web {
namespace {

using namespace std::chrono_literals;

TEST(Robots, LongestMatchWinsAndAllowWinsTies) {
  const Robots robots = Robots::parse(
      "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /t\nDisallow: /t\n");
  EXPECT_FALSE(robots.allows("seine", "/a/x"));
  EXPECT_TRUE(robots.allows("seine", "/a/b"));
  EXPECT_FALSE(robots.allows("seine", "/a/b/c"));
  EXPECT_TRUE(robots.allows("seine", "/t"));
  EXPECT_TRUE(robots.allows("seine", "/"));
}

TEST(Robots, ASpecificGroupReplacesTheStarAndEqualTokensMerge) {
  const Robots robots = Robots::parse(
      "User-agent: *\nDisallow: /\n\nUser-agent: Seine\nUser-agent: other\n\nSitemap: "
      "https://x/s.xml\nDisallow: /p\n"
      "User-agent: SEINE\nDisallow: /q\n");
  EXPECT_TRUE(robots.allows("Seine/0.1 (+https://x)", "/"));
  EXPECT_FALSE(robots.allows("seine", "/p"));
  EXPECT_FALSE(robots.allows("seine", "/q"));
  EXPECT_TRUE(robots.allows("other", "/q"));
  EXPECT_FALSE(robots.allows("nobody", "/q"));
  EXPECT_EQ(robots.sitemaps(), std::vector<std::string>{"https://x/s.xml"});
}

TEST(Robots, WildcardsAndAnchors) {
  const Robots robots =
      Robots::parse("user-agent:*\rdisallow:/*.php$\rdisallow: /*/private*/x\rdisallow: /a$b\r");
  EXPECT_FALSE(robots.allows("s", "/f.php"));
  EXPECT_TRUE(robots.allows("s", "/f.php?a"));
  EXPECT_FALSE(robots.allows("s", "/1/private2/x/y"));
  EXPECT_TRUE(robots.allows("s", "/private/x"));
  EXPECT_FALSE(robots.allows("s", "/a$bc"));
}

TEST(Robots, ManyStarsStayLinear) {
  std::string pattern = "/";
  for (int i = 0; i < 2000; ++i) pattern += "*a";
  const Robots robots = Robots::parse("User-agent: *\nDisallow: " + pattern + "b\n");
  EXPECT_TRUE(robots.allows("s", "/" + std::string(5000, 'a')));
}

TEST(Robots, EscapesCompareInNormalForm) {
  const Robots robots = Robots::parse(
      "User-agent: *\nDisallow: /ツ\nDisallow: /a%2fb\nDisallow: /s%2A\nDisallow: /%7Eme\n");
  EXPECT_FALSE(robots.allows("s", "/%e3%83%84"));
  EXPECT_FALSE(robots.allows("s", "/a%2Fb"));
  EXPECT_TRUE(robots.allows("s", "/a/b"));
  EXPECT_FALSE(robots.allows("s", "/s*"));
  EXPECT_TRUE(robots.allows("s", "/sx"));
  EXPECT_FALSE(robots.allows("s", "/~me"));
}

TEST(Robots, EmptyRulesAndTheFileItself) {
  EXPECT_TRUE(Robots::parse("User-agent: *\nDisallow:\n").allows("s", "/x"));
  EXPECT_TRUE(Robots::parse("").allows("s", "/x"));
  EXPECT_TRUE(Robots::parse("Disallow: /\n").allows("s", "/x"));  // belongs to no group
  EXPECT_FALSE(Robots::disallow_all().allows("s", "/x"));
}

TEST(Robots, LinesAreCutAtTheTokenAlphabetNamesAreNot) {
  const Robots robots = Robots::parse("User-agent: AB42bot\nDisallow: /\n");
  EXPECT_FALSE(robots.allows("ab", "/"));
  EXPECT_TRUE(robots.allows("AB42bot/1", "/"));
}

TEST(Robots, CrawlDelayIsCapped) {
  const Robots robots = Robots::parse(
      "\xEF\xBB\xBFUser-agent: a\nCrawl-delay: 1.5\nUser-agent: b\nCrawl-delay: 86400\n");
  EXPECT_EQ(robots.crawl_delay("a"), 1500ms);
  EXPECT_EQ(robots.crawl_delay("b"), 30s);
  EXPECT_FALSE(robots.crawl_delay("c"));
}

TEST(Robots, ContentSignal) {
  EXPECT_EQ(
      Robots::parse("User-agent: *\nContent-Signal: search=yes, ai-train=no\n").content_signal("x"),
      "search=yes, ai-train=no");
}

TEST(Robots, WhatAFailedFetchMeans) {
  EXPECT_FALSE(Robots::on_status(200));
  EXPECT_TRUE(Robots::on_status(404)->allows("s", "/x"));
  EXPECT_TRUE(Robots::on_status(403)->allows("s", "/x"));
  EXPECT_FALSE(Robots::on_status(429)->allows("s", "/x"));
  EXPECT_FALSE(Robots::on_status(503)->allows("s", "/x"));
  EXPECT_FALSE(Robots::on_status(0)->allows("s", "/x"));  // no answer at all
}

}  // namespace
}  // namespace seine::web
