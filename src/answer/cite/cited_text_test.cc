#include "answer/cite/cited_text.h"

#include <gtest/gtest.h>

#include "answer/test_page.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

struct CitedFixture {
  explicit CitedFixture(std::vector<Page> given) : pages(std::move(given)) {
    std::vector<Passage> passages;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      for (Passage& passage : split_page(pages[i], i)) passages.push_back(std::move(passage));
      sources.push_back(static_cast<int>(i) + 1);
    }
    evidence.add(passages, pages);
  }
  // Words, each with the source that a model names behind them.
  CitationCheck::Counts write(std::initializer_list<std::pair<std::string_view, int>> pieces) {
    CitationCheck check(evidence, pages, sources);
    CitedText cited;
    for (const auto& [text, source] : pieces) {
      cited.text += text;
      if (source != 0) check.mark(cited, source);
    }
    rendered = render(cited);
    return check.counts();
  }

  std::vector<Page> pages;
  std::vector<int> sources;
  Evidence evidence;
  Rendered rendered;
};

const std::vector<Page> kPages = {
    test_page("Seine", "The Seine is a river in northern France. It is 777 kilometres long."),
    test_page("Loire", "The Loire is the longest river in France. Its length is 1,006 kilometres."),
    test_page("塞纳河", "塞纳河是法国北部的一条河流。它全长777公里，流经巴黎。塞纳河没有鳄鱼。"),
};

std::string cut(const std::string& text, std::size_t start, std::size_t end) {
  return base::to_utf8(base::to_utf32(text).substr(start, end - start));
}

TEST(CheckCitations, KeepsWhatThePageSays) {
  CitedFixture f(kPages);
  f.write({{"The Seine is 777 kilometres long. ", 1}});
  ASSERT_EQ(f.rendered.citations.size(), 1u);
  const Citation& citation = f.rendered.citations[0];
  EXPECT_EQ(citation.support, Support::kSupported);
  EXPECT_EQ(citation.quote, "It is 777 kilometres long.");
  EXPECT_EQ(
      f.pages[0].markdown.substr(citation.span.begin, citation.span.end - citation.span.begin),
      citation.quote);
  EXPECT_EQ(f.rendered.text, "The Seine is 777 kilometres long. [1]");
  EXPECT_EQ(cut(f.rendered.text, citation.start, citation.end), "[1]");
  EXPECT_EQ(cut(f.rendered.text, citation.sentence_start, citation.sentence_end),
            "The Seine is 777 kilometres long.");
}

TEST(CheckCitations, SaysWhereInADocumentTheQuoteStands) {
  Page document =
      test_page("Rivers", "The Seine is 777 kilometres long.\n\nParis lies on the Seine.");
  document.url = "https://example.org/rivers.pdf";
  document.blocks = {{.kind = "paragraph", .span = {0, 33}, .anchor = "page=1"},
                     {.kind = "paragraph", .span = {35, 59}, .anchor = "page=2"}};
  CitedFixture f({std::move(document)});
  f.write({{"Paris lies on the Seine. ", 1}, {"The Seine is 777 kilometres long. ", 1}});
  ASSERT_EQ(f.rendered.citations.size(), 2u);
  EXPECT_EQ(f.rendered.citations[0].anchor, "page=2");
  EXPECT_EQ(f.rendered.citations[1].anchor, "page=1");
  Source source{.id = 1, .url = f.pages[0].url};
  EXPECT_EQ(address_of(source, f.rendered.citations[0]), "https://example.org/rivers.pdf#page=2");
  source.url += "#top";
  EXPECT_EQ(address_of(source, f.rendered.citations[0]), "https://example.org/rivers.pdf#top");
}

TEST(CheckCitations, MovesAWrongMarkToThePageThatSaysIt) {
  CitedFixture f(kPages);
  const CitationCheck::Counts checked = f.write({{"The Loire's length is 1,006 kilometres.", 1}});
  ASSERT_EQ(f.rendered.citations.size(), 1u);
  EXPECT_EQ(f.rendered.citations[0].source_id, 2);
  EXPECT_EQ(checked.moved, 1u);
}

TEST(CheckCitations, MarksAWrongNumberAndAWrongNegation) {
  CitedFixture f(kPages);
  f.write({{"The Seine is 900 kilometres long.", 1}});
  ASSERT_EQ(f.rendered.citations.size(), 1u);
  EXPECT_EQ(f.rendered.citations[0].support, Support::kUnsupported);
  f.write({{"The Seine is not a river in northern France.", 1}});
  ASSERT_EQ(f.rendered.citations.size(), 1u);
  EXPECT_EQ(f.rendered.citations[0].support, Support::kUnsupported);
}

TEST(CheckCitations, DropsWhatHasNothingToDoWithAnyPage) {
  CitedFixture f(kPages);
  const CitationCheck::Counts checked = f.write({{"Bananas ripen faster beside apples.", 2}});
  EXPECT_TRUE(f.rendered.citations.empty());
  EXPECT_EQ(checked.dropped, 1u);
  EXPECT_EQ(f.rendered.text, "Bananas ripen faster beside apples.");
}

TEST(CheckCitations, WorksInChinese) {
  CitedFixture f(kPages);
  f.write({{"塞纳河全长777公里。", 3}, {"塞纳河有900公里长。", 3}, {"河中有鳄鱼。", 3}});
  ASSERT_EQ(f.rendered.citations.size(), 3u);
  EXPECT_EQ(f.rendered.citations[0].support, Support::kSupported);
  EXPECT_EQ(f.rendered.citations[0].quote, "它全长777公里，流经巴黎。");
  EXPECT_EQ(f.rendered.citations[1].support, Support::kUnsupported);
  EXPECT_NE(f.rendered.citations[2].support, Support::kSupported);
  for (const Citation& citation : f.rendered.citations)
    EXPECT_EQ(cut(f.rendered.text, citation.start, citation.end), "[1]");
}

TEST(CheckCitations, NumbersByFirstAppearance) {
  CitedFixture f(kPages);
  f.write({{"The Loire is the longest river in France. ", 2},
           {" The Seine is a river in northern France.", 1},
           {" The Loire's length is 1,006 kilometres.", 2}});
  EXPECT_EQ(f.rendered.text,
            "The Loire is the longest river in France. [1] The Seine is a river in northern "
            "France.[2] The Loire's length is 1,006 kilometres.[1]");
}

TEST(Evidence, ReadsNumbersAndNegation) {
  EXPECT_EQ(numbers_of("1,234.50 and ２０２４年, 007"),
            (std::vector<std::string>{"1234.5", "2024", "7"}));
  EXPECT_TRUE(is_negated("He didn't go"));
  EXPECT_TRUE(is_negated("这里没有河"));
  EXPECT_FALSE(is_negated("这条河不仅长，而且非常宽"));
  EXPECT_FALSE(is_negated("A notable northern river"));
}

}  // namespace
}  // namespace seine::answer
