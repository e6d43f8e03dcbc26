#include "web/extract/text/text_page.h"

#include <gtest/gtest.h>

#include "web/extract/text/csv.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

TEST(Csv, QuotesDelimitersAndLineEnds) {
  const CsvTable table = parse_csv("a,\"b \"\"c\"\"\r\nd\",\r\n\r\ne\n", ',');
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"a", "b \"c\"\r\nd", ""}));
  EXPECT_EQ(table.rows[1], (std::vector<std::string>{"e", "", ""}));
}

TEST(Csv, TheDelimiterIsGuessedByTheRows) {
  EXPECT_EQ(guess_delimiter("name;price\na;1,5\nb;2,5\nc;3,25\n"), ';');
  EXPECT_EQ(guess_delimiter("a\tb, and c\n1\t2\n"), '\t');
  EXPECT_EQ(guess_delimiter("a|b|c\n1|2|3\n"), '|');
  EXPECT_EQ(guess_delimiter("name,note\na,\"x;y;z\"\nb,\"p;q\"\n"), ',');
  EXPECT_EQ(guess_delimiter("one\ntwo\n"), ',');
}

TEST(Csv, IsBounded) {
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "x,";
  const CsvTable table = parse_csv(wide + "\n\"never closed, and\nso on", ',');
  EXPECT_TRUE(table.truncated);
  EXPECT_EQ(table.rows.front().size(), 64U);
  std::string tall;
  for (int i = 0; i < 6'000; ++i) tall += "1,2\n";
  const Page page = csv_page(tall);
  EXPECT_TRUE(page.truncated);
  EXPECT_EQ(page.blocks.size(), 50U);
}

TEST(TextPage, CsvIsATableWithItsHeadInEachPiece) {
  std::string text = "city,people\n";
  for (int i = 0; i < 150; ++i) text += "Rouen|x," + std::to_string(i) + "\n";
  const Page page = csv_page(text);
  ASSERT_EQ(page.blocks.size(), 2U);
  for (const Block& block : page.blocks) {
    EXPECT_EQ(block.kind, BlockKind::kTable);
    EXPECT_TRUE(block.markdown.starts_with("| city | people |\n| --- | --- |\n| Rouen\\|x | "))
        << block.markdown;
  }
}

TEST(TextPage, MarkdownKeepsItsBlocks) {
  const std::string text =
      "# The *river*\n\nOne line\nand another.\n- a\n- b\n  - c\n\n```sh\n# no heading\n\nls\n```\n"
      "after\n\n| a | b |\n| - | - |\n\n> said\n";
  const Page page = markdown_page(text);
  EXPECT_EQ(page.metadata.title, "The *river*");
  std::vector<BlockKind> kinds;
  for (const Block& block : page.blocks) {
    kinds.push_back(block.kind);
    EXPECT_EQ(text.substr(block.offset, block.markdown.size()), block.markdown);
  }
  EXPECT_EQ(kinds, (std::vector{BlockKind::kHeading, BlockKind::kParagraph, BlockKind::kListItem,
                                BlockKind::kListItem, BlockKind::kListItem, BlockKind::kCode,
                                BlockKind::kParagraph, BlockKind::kTable, BlockKind::kQuote}));
  EXPECT_EQ(page.blocks[4].level, 2);
  EXPECT_EQ(page.blocks[4].text, "c");
}

TEST(TextPage, PlainTextIsParagraphsWithoutWhatNobodySees) {
  const Page page = plain_text_page(
      "# no heading\r\n\r\nhid\xe2\x80\x8b"
      "den\n\n\nlast");
  ASSERT_EQ(page.blocks.size(), 3U);
  EXPECT_EQ(page.blocks[0].kind, BlockKind::kParagraph);
  EXPECT_EQ(page.blocks[1].markdown, "hidden");
}

TEST(TextPage, JsonIsReadable) {
  const auto table = json_page(R"([{"id": 1, "名": "塞纳河"}, {"id": 2, "len": null}])", "");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->markdown(),
            "| id | 名 | len |\n| --- | --- | --- |\n| 1 | 塞纳河 |  |\n| 2 |  |  |\n");
  const auto object = json_page(
      R"({"name": "Seine", "length_km": 777, "cities": ["Paris", "Rouen"], "deep": {"a": {"b": []}}})",
      "");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->markdown(),
            "- name: Seine\n- length_km: 777\n\n## cities\n\n- Paris\n- Rouen\n\n## deep\n\n"
            "```json\n{\n  \"a\": {\n    \"b\": []\n  }\n}\n```\n");
  const auto lines = json_lines_page("{\"a\": 1}\n\n{\"a\": 2}\n");
  ASSERT_TRUE(lines);
  EXPECT_EQ(lines->markdown(), "| a |\n| --- |\n| 1 |\n| 2 |\n");
}

TEST(TextPage, DamagedJsonIsATypedFailure) {
  for (const char* text : {"{\"a\": ", "", "{\"a\": 1} x"}) {
    const auto page = json_page(text, "");
    ASSERT_FALSE(page) << text;
    EXPECT_EQ(verdict_of(page.error()), Verdict::kBroken);
  }
  const auto lines = json_lines_page("{}\nnope\n");
  ASSERT_FALSE(lines);
  EXPECT_TRUE(lines.error().message.contains("line 2")) << lines.error().message;
}

}  // namespace
}  // namespace seine::web
