#include "answer/cite/citation_parser.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace seine::answer {
namespace {

// Words as they are, marks as <1,2>.
std::string shown(const std::vector<CitedPiece>& pieces) {
  std::string out;
  for (const CitedPiece& piece : pieces) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      out += *text;
      continue;
    }
    out += '<';
    for (const int number : std::get<CitationMark>(piece).numbers) {
      if (out.back() != '<') out += ',';
      out += std::to_string(number);
    }
    out += '>';
  }
  return out;
}

std::string parse(std::string_view text, int max = 9, bool plain = true) {
  CitationParser parser(max, plain);
  std::vector<CitedPiece> pieces = parser.feed(text);
  for (CitedPiece& piece : parser.finish()) pieces.push_back(std::move(piece));
  return shown(pieces);
}

TEST(CitationParser, TakesEverySpelling) {
  EXPECT_EQ(parse("A[citation:3]."), "A<3>.");
  EXPECT_EQ(parse("A[citation: 3] b"), "A<3> b");
  EXPECT_EQ(parse("A[Citation:1,2]"), "A<1,2>");
  EXPECT_EQ(parse("A[citation:1, citation:2]"), "A<1,2>");
  EXPECT_EQ(parse("A[citation:1-3]"), "A<1,2,3>");
  EXPECT_EQ(parse("A[citation:1][citation:2]"), "A<1><2>");
  EXPECT_EQ(parse("甲【citation:1】。"), "甲<1>。");
  EXPECT_EQ(parse("甲［引用：１，２］。"), "甲<1,2>。");
  EXPECT_EQ(parse("甲【1†source】"), "甲<1>");
  EXPECT_EQ(parse("A[webpage 2]"), "A<2>");
  EXPECT_EQ(parse("A[^1^]"), "A<1>");
  EXPECT_EQ(parse("A [2], [3]"), "A <2>, <3>");
}

TEST(CitationParser, DropsNumbersThatDoNotExist) {
  EXPECT_EQ(parse("A[citation:12]b"), "A<>b");
  EXPECT_EQ(parse("A[citation:2,12]b"), "A<2>b");
  EXPECT_EQ(parse("A[citation:0]"), "A<>");
  EXPECT_EQ(parse("in [12] years"), "in [12] years");
}

TEST(CitationParser, LeavesWhatIsNoCitation) {
  EXPECT_EQ(parse("a [note] b [2024] c"), "a [note] b [2024] c");
  EXPECT_EQ(parse("[1](https://example.org)"), "[1](https://example.org)");
  EXPECT_EQ(parse("[citation:1](https://example.org) x"), "[citation:1](https://example.org) x");
  EXPECT_EQ(parse("`a[1]` then [1]"), "`a[1]` then <1>");
  EXPECT_EQ(parse("```\nx[1]\n```\n[1]"), "```\nx[1]\n```\n<1>");
  EXPECT_EQ(parse("a stray ` then\n[1]"), "a stray ` then\n<1>");
  EXPECT_EQ(parse("open [1"), "open [1");
  EXPECT_EQ(parse("A[3]", 9, false), "A[3]");
  EXPECT_EQ(parse("[a[citation:1]"), "[a<1>");
}

TEST(CitationParser, AnyCutGivesTheSame) {
  const std::string pieces[] = {"[citation:1]",
                                "【citation:2】",
                                "［引用：１］",
                                "[3]",
                                "text ",
                                "`code[1]`",
                                "```\n[1]\n```",
                                "中文。",
                                "[",
                                "]",
                                "\n",
                                "[2](u)",
                                "†",
                                "`",
                                "[citation:1,2]"};
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    base::SeededRandom random(seed);
    std::string text;
    for (int i = 0; i < 8; ++i) text += pieces[random.below(std::size(pieces))];
    CitationParser parser(5, true);
    std::vector<CitedPiece> cut;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random.below(5);
      for (CitedPiece& piece : parser.feed(std::string_view(text).substr(at, size)))
        cut.push_back(std::move(piece));
      at += size;
    }
    for (CitedPiece& piece : parser.finish()) cut.push_back(std::move(piece));
    ASSERT_EQ(shown(cut), parse(text, 5)) << text;
  }
}

}  // namespace
}  // namespace seine::answer
