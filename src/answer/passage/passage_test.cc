#include <gtest/gtest.h>

#include "answer/passage/plain.h"
#include "answer/passage/sentence.h"
#include "answer/passage/split.h"
#include "base/random.h"

namespace seine::answer {
namespace {

std::vector<std::string> sentences(std::string_view text, bool lines = false) {
  std::vector<std::string> out;
  for (const ByteSpan& span : split_sentences(text, lines))
    out.emplace_back(text.substr(span.begin, span.end - span.begin));
  return out;
}

using List = std::vector<std::string>;

TEST(Sentences, EnglishKeepsAbbreviationsInitialsAndNumbers) {
  EXPECT_EQ(sentences("Dr. Smith paid 3.50 dollars. He left at 5 p.m. yesterday."),
            (List{"Dr. Smith paid 3.50 dollars.", "He left at 5 p.m. yesterday."}));
  EXPECT_EQ(sentences("J. R. Smith wrote it. (Really!) Yes?"),
            (List{"J. R. Smith wrote it.", "(Really!)", "Yes?"}));
  EXPECT_EQ(sentences("He said \"Go.\" Then he went."), (List{"He said \"Go.\"", "Then he went."}));
}

TEST(Sentences, ChineseAndMixed) {
  EXPECT_EQ(sentences("塞纳河长777公里。它流经巴黎！“对吗？”他问。"),
            (List{"塞纳河长777公里。", "它流经巴黎！", "“对吗？”", "他问。"}));
}

TEST(Sentences, LinksDoNotEndThem) {
  EXPECT_EQ(sentences("See [the page](https://e.org/a. B?c=1) for more. Next."),
            (List{"See [the page](https://e.org/a. B?c=1) for more.", "Next."}));
}

TEST(Sentences, LinesWhereAsked) {
  EXPECT_EQ(sentences("| a | b |\n| 1 | 2 |", true), (List{"| a | b |", "| 1 | 2 |"}));
}

TEST(Sentences, AreInOrderBoundedAndWhole) {
  const std::string_view parts[] = {"word ", "字", "。", ". ", "\n", "](", ")", "3.5", "\xff", "A"};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    base::SeededRandom random(seed);
    std::string text;
    for (int i = 0; i < 900; ++i) text += parts[random.below(std::size(parts))];
    std::size_t at = 0;
    for (const ByteSpan& span : split_sentences(text, seed % 2 == 0)) {
      ASSERT_LE(at, span.begin);
      ASSERT_LT(span.begin, span.end);
      ASSERT_LE(span.end - span.begin, kSentenceBytesMax);
      for (std::size_t i = at; i < span.begin; ++i) ASSERT_TRUE(text[i] == ' ' || text[i] == '\n');
      at = span.end;
    }
  }
}

TEST(PlainText, DropsMarkup) {
  EXPECT_EQ(plain_text("See **the [Seine](https://e.org/(x))** `now`"), "See the Seine now");
  EXPECT_EQ(plain_text("![alt](https://e.org/i.png)Text \\*kept\\*"), "Text *kept*");
  EXPECT_EQ(plain_text("- item"), "item");
  EXPECT_EQ(plain_text("1. item"), "item");
  EXPECT_EQ(plain_text("## Title"), "Title");
  EXPECT_EQ(plain_text("> said"), "said");
  EXPECT_EQ(plain_text("3.5 metres"), "3.5 metres");
  EXPECT_EQ(plain_text("-5 degrees"), "-5 degrees");
}

Page sample() {
  Page page{.url = "https://e.org", .title = "T", .markdown = {}, .blocks = {}};
  const auto add = [&page](std::string kind, std::string text, std::string path) {
    if (!page.markdown.empty()) page.markdown += "\n\n";
    const std::size_t begin = page.markdown.size();
    page.markdown += text;
    page.blocks.push_back({std::move(kind), {begin, page.markdown.size()}, std::move(path)});
  };
  add("heading", "# One", "");
  for (int i = 0; i < 60; ++i) {
    add("paragraph",
        "Sentence number " + std::to_string(i) + " says **something** of its own here.", "One");
  }
  add("heading", "# Two", "");
  add("paragraph", "短句。另一句。", "Two");
  return page;
}

TEST(SplitPage, BoundsHeadingsAndOverlap) {
  const Page page = sample();
  const std::vector<Passage> passages = split_page(page, 7);
  ASSERT_GT(passages.size(), 3u);
  for (std::size_t i = 0; i < passages.size(); ++i) {
    const Passage& passage = passages[i];
    EXPECT_EQ(passage.page, 7u);
    EXPECT_LE(passage.tokens, 300u);
    for (const Sentence& sentence : passage.sentences) {
      const auto raw = std::string_view(page.markdown)
                           .substr(sentence.span.begin, sentence.span.end - sentence.span.begin);
      EXPECT_EQ(plain_text(raw), passage.plain(sentence));
    }
    if (i > 0 && passages[i - 1].heading_path == passage.heading_path) {
      EXPECT_EQ(passages[i - 1].sentences.back().span, passage.sentences.front().span);
    }
  }
  EXPECT_EQ(passages.back().heading_path, "Two");
  EXPECT_EQ(passages.back().text, "短句。另一句。");
}

TEST(SplitPage, IgnoresBlocksOutsideTheText) {
  Page page = sample();
  page.blocks.push_back({"paragraph", {5, page.markdown.size() + 100}, ""});
  page.blocks.push_back({"paragraph", {9, 9}, ""});
  EXPECT_EQ(split_page(page, 0).size(), split_page(sample(), 0).size());
}

}  // namespace
}  // namespace seine::answer
