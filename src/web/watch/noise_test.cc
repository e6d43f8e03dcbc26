#include "web/watch/noise.h"

#include <gtest/gtest.h>

namespace seine::web {
namespace {

bool same(std::string_view a, std::string_view b, const WatchSpec& spec = {}) {
  return block_key(a, spec) == block_key(b, spec);
}

TEST(Noise, DatesOfThePageAreNoNews) {
  EXPECT_TRUE(same("Updated 5 May 2026 by Ann", "Updated 28 November 2026 by Ann"));
  EXPECT_TRUE(same("Posted 3 minutes ago in News", "Posted 2 hours ago in News"));
  EXPECT_TRUE(same("Last modified: 2026-01-02 03:04:05", "Last modified: 2026-11-28 10:00:00"));
  EXPECT_TRUE(same("更新时间：2026年1月2日 10:00", "更新时间：2026年11月28日 9:30"));
  EXPECT_TRUE(same("小明 5 分钟前", "小明 3 小时前"));
  EXPECT_TRUE(same("28 Nov 2026, 10:41", "29 Nov 2026, 00:00"));
  EXPECT_TRUE(same("© 2025 Example Ltd", "© 2026 Example Ltd"));
}

TEST(Noise, DatesOfTheWorldAre) {
  EXPECT_FALSE(same("The exam is on 5 May 2026.", "The exam is on 6 May 2026."));
  EXPECT_FALSE(same("考试于5月5日举行。", "考试于5月6日举行。"));
  EXPECT_FALSE(same("Doors open at 18:30", "Doors open at 19:30"));
  EXPECT_FALSE(same("Version 2.1", "Version 2.2"));
}

TEST(Noise, CountersAreNoNewsButPricesAre) {
  EXPECT_TRUE(same("By Ann · 1,204 views · 3 comments", "By Ann · 1,250 views · 12 comments"));
  EXPECT_TRUE(same("Views: 300", "Views: 301"));
  EXPECT_TRUE(same("作者：小明 阅读 5.2万", "作者：小明 阅读 5.3万"));
  EXPECT_TRUE(same("作者：小明 阅读量：300", "作者：小明 阅读量：305"));
  EXPECT_TRUE(same("300次浏览，小明", "350次浏览，小明"));
  EXPECT_FALSE(same("Price: 12.50 EUR", "Price: 13.50 EUR"));
  EXPECT_FALSE(same("价格：300元", "价格：305元"));
  EXPECT_FALSE(same("3 seats left", "2 seats left"));
}

TEST(Noise, AdsAndTrackersAreLeftOut) {
  EXPECT_EQ(block_key("Advertisement", {}), "");
  EXPECT_EQ(block_key("[Buy](https://ad.doubleclick.net/x)", {}), "");
  EXPECT_NE(
      block_key("This long article explains how advertisement markets have been working since "
                "the beginning of the last century, who pays for them, who gains from them, "
                "and why so many readers would rather not see any of it at all.",
                {}),
      "");
  EXPECT_TRUE(same("[More](https://a.example/x?utm_source=a&id=7)",
                   "[More](https://a.example/x?utm_source=b&id=7)"));
  EXPECT_FALSE(same("[More](https://a.example/x?id=6)", "[More](https://a.example/x?id=7)"));
}

TEST(Noise, RulesCanBeLeftOutAndBlocksIgnored) {
  WatchSpec strict{.url = "", .noise = 0};
  EXPECT_FALSE(same("Views: 300", "Views: 301", strict));
  EXPECT_TRUE(same("a  b\n c", "a b c", strict));
  EXPECT_NE(block_key("Advertisement", strict), "");
  strict.ignore = {"weather"};
  EXPECT_EQ(block_key("The weather: 20 degrees", strict), "");
}

TEST(Noise, TextOfEveryScriptCounts) {
  EXPECT_FALSE(same("Привет, мир", "Привет, дом"));
  EXPECT_FALSE(same("Ένα", "Δύο"));
  EXPECT_FALSE(same("世界", "世間"));
  EXPECT_EQ(block_key("· — ·", {}), "");
  EXPECT_NE(block_key(std::string("\xff\xfe bad \xc3"), {}), "");
}

}  // namespace
}  // namespace seine::web
