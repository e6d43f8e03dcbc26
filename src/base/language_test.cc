#include "base/language.h"

#include <gtest/gtest.h>

namespace seine::base {
namespace {

TEST(Language, TheFirstSetVariableDecides) {
  EXPECT_EQ(choose_language("", "", "", ""), Language::kEnglish);
  EXPECT_EQ(choose_language("", "", "", "zh_CN.UTF-8"), Language::kChinese);
  EXPECT_EQ(choose_language("en", "zh_CN", "", "zh_CN"), Language::kEnglish);
  EXPECT_EQ(choose_language("", "C.UTF-8", "", "zh_CN"), Language::kEnglish);
}

TEST(Language, HanTakesTwoColumns) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("引擎 ok"), 7u);
}

}  // namespace
}  // namespace seine::base
