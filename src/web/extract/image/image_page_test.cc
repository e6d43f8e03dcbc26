#include "web/extract/image/image_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "web/verdict.h"

namespace seine::web {
namespace {

using testing::HasSubstr;

std::string notice() {
  std::ifstream file(SEINE_SOURCE_DIR "/tests/fixtures/notice.png", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Verdict verdict_of_image(std::string_view bytes, const ImageLimits& limits = {}) {
  const auto page = image_page(bytes, {}, limits);
  return page ? Verdict::kOk : verdict_of(page.error());
}

// A white picture of 64 x 64 in Netpbm's plain form.
std::string blank() {
  std::string text = "P1\n64 64\n";
  for (int i = 0; i < 64 * 64; ++i) text += "0 ";
  return text;
}

class Image : public testing::Test {
 protected:
  void SetUp() override {
    if (find_tesseract().empty()) GTEST_SKIP() << "no tesseract (tesseract-ocr)";
  }
};

TEST_F(Image, ItsTextIsRead) {
  const auto page = image_page(notice());
  ASSERT_TRUE(page) << page.error().to_string();
  ASSERT_GE(page->blocks.size(), 3u);
  EXPECT_EQ(page->blocks[0].markdown, "Ferry notice");
  EXPECT_EQ(page->blocks[1].markdown,
            "The ferry to the island leaves at 9:40 every morning. In winter it does not sail on "
            "Mondays.");
}

TEST_F(Image, HanStandsWithoutSpaces) {
  const auto page = image_page(notice());
  ASSERT_TRUE(page) << page.error().to_string();
  if (page->blocks.back().markdown.find("早上") == std::string::npos)
    GTEST_SKIP() << "no Chinese (tesseract-ocr-chi-sim)";
  EXPECT_THAT(page->markdown(), HasSubstr("渡船每天早上九点四十分开往岛上，冬季星期一停航。"));
}

TEST_F(Image, FailuresAreTyped) {
  EXPECT_EQ(verdict_of_image(blank()), Verdict::kEmpty);
  EXPECT_EQ(verdict_of_image(notice().substr(0, 300)), Verdict::kBroken);
  EXPECT_EQ(verdict_of_image("\x89PNG\r\n\x1a\n"), Verdict::kBroken);
  EXPECT_EQ(verdict_of_image(""), Verdict::kBroken);
  EXPECT_EQ(verdict_of_image(notice(), {.deadline = std::chrono::milliseconds(1)}),
            Verdict::kTimeout);
  std::stop_source stop;
  stop.request_stop();
  const auto page = image_page(notice(), stop.get_token());
  ASSERT_FALSE(page);
  EXPECT_EQ(verdict_of(page.error()), Verdict::kCancelled);
}

TEST(WordsPage, JoinsWordsLinesAndParagraphs) {
  const Page page = words_page(
      "level\tpage_num\tblock_num\tpar_num\tline_num\tword_"
      "num\tleft\ttop\twidth\theight\tconf\ttext\n"
      "3\t1\t1\t1\t0\t0\t1\t1\t1\t1\t-1\t\n"
      "4\t1\t1\t1\t1\t0\t1\t1\t1\t1\t-1\t\n"
      "5\t1\t1\t1\t1\t1\t1\t1\t1\t1\t96.1\tThe\n"
      "5\t1\t1\t1\t1\t2\t1\t1\t1\t1\t95\tharb-\n"
      "4\t1\t1\t1\t2\t0\t1\t1\t1\t1\t-1\t\n"
      "5\t1\t1\t1\t2\t1\t1\t1\t1\t1\t94\tour\n"
      "3\t1\t1\t2\t0\t0\t1\t1\t1\t1\t-1\t\n"
      "5\t1\t1\t2\t1\t1\t1\t1\t1\t1\t41\tsf\n"
      "3\t1\t1\t3\t0\t0\t1\t1\t1\t1\t-1\t\n"
      "5\t1\t1\t3\t1\t1\t1\t1\t1\t1\t90\t渡船\n"
      "5\t1\t1\t3\t1\t2\t1\t1\t1\t1\t90\t每\n"
      "5\t1\t1\t3\t1\t3\t1\t1\t1\t1\t12\t天\n");
  EXPECT_EQ(page.markdown(), "The harbour\n\n渡船每天\n");
}

TEST(WordsPage, NonsenseIsNoText) {
  EXPECT_TRUE(words_page("").blocks.empty());
  EXPECT_TRUE(words_page("5\t1\n5\t\t\t\t\t\t\t\t\t\tx\tword\n\t\t\t").blocks.empty());
}

}  // namespace
}  // namespace seine::web
