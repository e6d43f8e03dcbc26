#include "web/read/extract_document.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "web/detail/zip_builder.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

using namespace std::string_view_literals;

std::string docx() {
  return detail::ZipBuilder()
      .store("[Content_Types].xml", "<Types/>")
      .store("word/document.xml",
             "<w:document><w:body><w:p><w:pPr><w:outlineLvl w:val='0'/></w:pPr><w:r><w:t>Head</w:t>"
             "</w:r></w:p><w:p><w:r><w:t>The Seine is 777 km long.</w:t></w:r></w:p></w:body>"
             "</w:document>")
      .finish();
}

struct Case {
  std::string_view what;
  std::string bytes;
  std::string type;
  std::string name;
};

std::vector<Case> readable() {
  return {
      {"html", "<!doctype html><title>T</title><p>The Seine is 777 km long.", "", ""},
      {"text", "The Seine is 777 km long.\n\nMore.", "", "a.txt"},
      {"gbk text", "\xc8\xfb\xc4\xc9\xba\xd3 777 km", "text/plain; charset=gbk", ""},
      {"markdown", "# River\n\n- The Seine is 777 km long.\n", "", "a.md"},
      {"json", R"({"river": "Seine", "length": "777 km"})", "application/json", ""},
      {"json with mark", "\xef\xbb\xbf[{\"a\": \"777 km\"}, {\"a\": 1}]", "", "a.json"},
      {"json lines", "{\"a\": \"777 km\"}\n{\"a\": 2}\n", "", "a.jsonl"},
      {"csv", "river;length\nSeine;777 km\nLoire;1,006 km\n", "text/csv", ""},
      {"rss", "<rss><channel><title>R</title><item><title>777 km</title></item></channel></rss>",
       "application/rss+xml", ""},
      {"xml", "<?xml version='1.0'?><a><b>777 km</b></a>", "", ""},
      {"docx", docx(), "application/octet-stream", ""},
  };
}

TEST(ExtractDocument, EveryFormatHasBlocksThatPointIntoItsText) {
  for (const Case& one : readable()) {
    const auto page =
        extract_document(one.bytes, {.url = "", .content_type = one.type, .name = one.name});
    ASSERT_TRUE(page) << one.what << ": " << page.error().to_string();
    EXPECT_TRUE(page->markdown.contains("777 km")) << one.what << ": " << page->markdown;
    ASSERT_FALSE(page->blocks.empty()) << one.what;
    std::size_t before = 0;
    for (const PageBlock& block : page->blocks) {
      EXPECT_GE(block.start, before) << one.what;
      EXPECT_GT(block.end, block.start) << one.what;
      EXPECT_LE(block.end, page->markdown.size()) << one.what;
      before = block.end;
    }
    // What is kept comes back with its anchors.
    const auto again = page_from_json(to_json(*page, true));
    ASSERT_TRUE(again) << one.what;
    EXPECT_EQ(again->blocks.size(), page->blocks.size());
  }
}

TEST(ExtractDocument, WhatIsNotReadIsNamed) {
  struct Refusal {
    std::string bytes;
    Verdict verdict;
    std::string_view words;
  };
  const std::string ole("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);
  const Refusal refusals[] = {
      {"\x89PNG\r\n\x1a\n", Verdict::kUnsupported, "image/png"},
      {std::string("\0\1\2\3", 4), Verdict::kUnsupported, "application/octet-stream"},
      {detail::ZipBuilder().store("a", "b").finish(), Verdict::kUnsupported, "application/zip"},
      {ole, Verdict::kUnsupported, "old Office form"},
      {ole + std::string("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0", 32),
       Verdict::kEncrypted, "password"},
      {"", Verdict::kEmpty, "no text"},
      {docx().substr(0, 60), Verdict::kUnsupported, "application/zip"},
  };
  for (const Refusal& refusal : refusals) {
    const auto page = extract_document(refusal.bytes, {.url = "", .content_type = "", .name = "x"});
    ASSERT_FALSE(page) << refusal.words;
    EXPECT_EQ(verdict_of(page.error()), refusal.verdict) << page.error().to_string();
    EXPECT_TRUE(page.error().message.contains(refusal.words)) << page.error().message;
    EXPECT_TRUE(page.error().message.starts_with("x")) << page.error().message;
  }
}

TEST(ExtractDocument, NosniffStands) {
  ExtractOptions options{.url = "https://a.example/x", .content_type = "application/pdf"};
  options.no_sniff = true;
  const auto page = extract_document("<html><p>Not a PDF, it says it is.", options);
  EXPECT_FALSE(page);
  options.no_sniff = false;
  EXPECT_TRUE(extract_document("<html><p>Not a PDF, but a page that a reader can read.", options));
}

TEST(ExtractDocument, SanitisedHtmlShowsWhatTheMarkdownSays) {
  const std::string page =
      "<!doctype html><title>T</title><nav><a href=/>Home</a></nav><main><h1>The river</h1>"
      "<p onclick=x() style='color:red'>The Seine is 777 kilometres long, and <a href='/more'>more"
      "</a> is said of it, by all who know it well enough to say so.</p>"
      "<p style='display:none'>SECRET</p><script>alert(1)</script>"
      "<p>A second paragraph, with its own comma, ends it and is long enough.</p></main>";
  const auto plain = extract_document(page, {.url = "https://a.example/x", .content_type = ""});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->html, "");
  ExtractOptions options{.url = "https://a.example/x", .content_type = "text/html"};
  options.sanitize_html = true;
  const auto shown = extract_document(page, options);
  ASSERT_TRUE(shown);
  EXPECT_TRUE(shown->html.contains("<a href=\"https://a.example/more\"")) << shown->html;
  for (const char* gone : {"SECRET", "script", "onclick", "style", "alert"})
    EXPECT_FALSE(shown->html.contains(gone)) << gone << ": " << shown->html;
}

TEST(ExtractDocument, FeedsOfAPageAreNamed) {
  const auto page = extract_document(
      "<!doctype html><html><head><title>T</title>"
      "<link rel='alternate' type='application/rss+xml' title='News' href='/feed'>"
      "<link rel='ALTERNATE stylesheet' type='text/css' href='/a.css'>"
      "<link rel='alternate' type='application/feed+json' href='feed.json'></head>"
      "<body><p>Some text of the page, which is read as it should be read.</p></body></html>",
      {.url = "https://a.example/b/", .content_type = "text/html"});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->feeds.size(), 2U);
  EXPECT_EQ(page->feeds[0].url, "https://a.example/feed");
  EXPECT_EQ(page->feeds[0].title, "News");
  EXPECT_EQ(page->feeds[1].url, "https://a.example/b/feed.json");
}

}  // namespace
}  // namespace seine::web
