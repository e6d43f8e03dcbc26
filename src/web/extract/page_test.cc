#include "web/extract/page.h"

#include <gtest/gtest.h>

#include "web/extract/metadata/date.h"

namespace seine::web {
namespace {

constexpr std::string_view kProse =
    "The river rose during the night, and by morning the lower meadow was under water, as it had "
    "been twice before. "
    "Nobody was surprised, but the farmers, who had moved their cattle in time, were glad of the "
    "warning.";

Page read(const std::string& body, PageOptions options = {}) {
  return *read_page("<!doctype html><html><head><title>The flood - Gazette</title></head><body>" +
                        body + "</body></html>",
                    options);
}

std::string article(const std::string& extra) {
  return "<div id=post><h2>Part one</h2><p>" + std::string(kProse) + "</p>" + extra +
         "<p>A second paragraph, shorter, but with its own comma, ends it. " +
         "It has enough words to count as text, surely.</p></div>";
}

TEST(Page, KeepsProseAndDropsWhatStandsAroundIt) {
  const Page page = read(
      "<nav><a href=/a>Home</a> <a href=/b>News</a></nav><div class=cookie-banner>We use cookies, "
      "as everybody does, and ask.</div>" +
      article("") +
      "<div class=related-posts><ul><li><a href=/x>Another story</a><li><a href=/y>One more "
      "story</a></ul></div><footer>Imprint</footer>");
  EXPECT_NE(page.text().find("The river rose"), std::string::npos);
  EXPECT_NE(page.markdown().find("## Part one"), std::string::npos);
  for (const char* gone : {"Home", "cookies", "Another story", "Imprint"})
    EXPECT_EQ(page.text().find(gone), std::string::npos) << gone;
}

// The weights know articles and kept only the list of this one.
TEST(Page, AShortPageIsReadWhole) {
  const Page page = read(
      "<nav><a href=/a>Home</a></nav><main><h1>The river</h1><p>It is 777 km long, <a "
      "href=/x>map</a>.</p>"
      "<ul><li>one<li>two</ul><pre><code class=language-c>int a;</code></pre></main>");
  for (const char* kept : {"777 km", "- one", "- two", "int a;"})
    EXPECT_NE(page.markdown().find(kept), std::string::npos) << kept << page.markdown();
  EXPECT_EQ(page.markdown().find("Home"), std::string::npos);
}

TEST(Page, EveryBlockPointsIntoTheSnapshot) {
  const Page page = read(article(""), {});
  ASSERT_GE(page.blocks.size(), 3U);
  for (const Block& block : page.blocks) {
    EXPECT_EQ(page.snapshot.substr(block.offset, 6), block.text.substr(0, 6));
  }
}

TEST(Page, HiddenTextIsNotRead) {
  for (const char* hiding :
       {"<p style='display:none'>SECRET, and more of it.</p>", "<p hidden>SECRET</p>",
        "<p style='OPACITY: 0'>SECRET</p>", "<p style='position:absolute;left:-9999px'>SECRET</p>",
        "<p style='font-size:1px'>SECRET</p>", "<p style='color:#fff'>SECRET</p>",
        "<style>.k{visibility:hidden}</style><p class='a k'>SECRET</p>",
        "<style>@media screen{#q > p{display:none}}</style><div id=q><p>SECRET</p></div>",
        "<!-- SECRET -->", "<template>SECRET</template>",
        "<svg width=10 height=10><desc>SECRET</desc></svg>", "<dialog>SECRET</dialog>",
        "<math><semantics><mi>x</mi><annotation encoding='text/plain'>SECRET "
        "words</annotation></semantics></math>"}) {
    const Page page = read(article(hiding));
    EXPECT_EQ(page.markdown().find("SECRET"), std::string::npos) << hiding;
    EXPECT_NE(page.text().find("The river rose"), std::string::npos) << hiding;
  }
}

TEST(Page, RulesForOtherReadersDoNotHide) {
  const Page page = read(
      "<style>@media print{p{display:none}} @media (max-width:600px){p{display:none}} "
      "p:hover{display:none}</style>" +
      article(""));
  EXPECT_NE(page.text().find("The river rose"), std::string::npos);
}

TEST(Page, InvisibleCharactersAreStripped) {
  const Page page =
      read(article("<p>Plain\xF3\xA0\x81\x81\xE2\x80\x8Btext, with something between its letters, "
                   "\xE2\x80\xAEnot turned round.</p>"));
  EXPECT_NE(page.text().find("Plaintext, with something between its letters, not turned round."),
            std::string::npos);
}

TEST(Page, WritesListsTablesCodeLinksAndFormulas) {
  PageOptions options;
  options.url = "https://example.org/dir/page";
  const Page page =
      read(article("<ol start=3><li>three, with words<li>four<ul><li>inner</ul></ol><pre><code "
                   "class=language-cpp>int a;\n  int b;</code></pre>"
                   "<table><tr><th>k<th>v<tr><td rowspan=2>a|b<td>1<tr><td>2</table>"
                   "<p>See <a href='../x(1)'>the <b>notes</b></a>, where "
                   "<math><semantics><mi>x</mi><annotation "
                   "encoding='application/x-tex'>x^2</annotation></semantics></math> is meant, and "
                   "so on.</p>"),
           options);
  const std::string markdown = page.markdown();
  for (const char* piece :
       {"3. three, with words", "4. four", "   - inner", "```cpp\nint a;\n  int b;\n```",
        "| k | v |\n| --- | --- |\n| a\\|b | 1 |\n|  | 2 |",
        "[the **notes**](https://example.org/x%281%29)", "$x^2$"}) {
    EXPECT_NE(markdown.find(piece), std::string::npos) << piece << "\n" << markdown;
  }
}

TEST(Page, ATitleThatWasCutShortIsTakenFromTheHeading) {
  const std::string body =
      "<h1>The flood of the lower meadow, hour by hour</h1><p>" + std::string(kProse) + "</p>";
  for (const char* title : {"The flood of the lower… - Gazette", "The flood of the lower ..."}) {
    const Page page =
        *read_page("<title>" + std::string(title) + "</title><body>" + body, PageOptions());
    EXPECT_EQ(page.metadata.title, "The flood of the lower meadow, hour by hour") << title;
  }
  const Page other =
      *read_page("<title>To be continued… - Gazette</title><body>" + body, PageOptions());
  EXPECT_EQ(other.metadata.title, "To be continued…");
}

TEST(Date, KeepsItsZone) {
  for (const auto& [text, iso] :
       {std::pair{"Tue, 11 Mar 2025 22:00:00 GMT", "2025-03-11T22:00:00Z"},
        {"11 Mar 2025 22:00 +0130", "2025-03-11T22:00+01:30"},
        {"2025-03-11 22:00 UTC, by", "2025-03-11T22:00Z"},
        {"11 March 2025 10:00 pm UTC", "2025-03-11T22:00Z"},
        {"2025-03-11T22:00:00-05:00", "2025-03-11T22:00:00-05:00"},
        {"2025-03-11 10:00 -12:00", "2025-03-11T10:00"},
        {"2025-03-11 10:00 Zebra", "2025-03-11T10:00"},
        {"2025-03-11 10:00 UTC+8", "2025-03-11T10:00"}}) {
    const auto found = find_date(text);
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(found->iso, iso);
  }
}

// As CommonMark reads it: nested text starts where the text of its item does, and a list of another
// kind or a second paragraph stands apart.
TEST(Page, ListsKeepTheirShape) {
  const std::string markdown =
      read(article("<ol start=9><li>nine, with words<ul><li>in nine</ul><li><p>ten</p><p>more of "
                   "ten</p><ol><li>in ten<ul><li>deep</ul></ol></ol><ul><li>apart<li># no heading"
                   "</ul><ol start=2><li>two</ol>"))
          .markdown();
  for (const char* piece : {"9. nine, with words\n   - in nine\n10. ten\n\n    more of ten\n    1. "
                            "in ten\n       - deep\n",
                            "- apart\n- \\# no heading\n\n2. two\n"}) {
    EXPECT_NE(markdown.find(piece), std::string::npos) << piece << "\n" << markdown;
  }
}

TEST(Page, ProseInPreIsNoCode) {
  const std::string markdown =
      read(
          article("<pre><div><p><b>Order your logo</b></p><p>Research\nand proposal</p></div></pre>"
                  "<pre>int a;\n  int b;</pre>"))
          .markdown();
  for (const char* piece :
       {"**Order your logo**\n\nResearch and proposal\n", "```\nint a;\n  int b;\n```"}) {
    EXPECT_NE(markdown.find(piece), std::string::npos) << piece << "\n" << markdown;
  }
}

TEST(Page, ReadsMetadata) {
  const std::string html =
      "<html lang=de><head><title>Headline of the day | Gazette</title><meta property=og:site_name "
      "content=Gazette><link rel=canonical href=/story>"
      "<script "
      "type=application/ld+json>{\"@graph\":[{\"@type\":\"NewsArticle\",\"author\":[{\"name\":\"A. "
      "Writer\"},{\"name\":\"B. Other\"}],"
      "\"datePublished\":\"2024-02-29T10:00:00+01:00\",\"isAccessibleForFree\":\"False\"}]}</"
      "script></head><body>" +
      article("") + "</body></html>";
  PageOptions options;
  options.url = "https://gazette.example.org/a";
  const Page page = *read_page(html, options);
  EXPECT_EQ(page.metadata.title, "Headline of the day");
  EXPECT_EQ(page.metadata.author, "A. Writer, B. Other");
  EXPECT_EQ(page.metadata.published, "2024-02-29T10:00:00+01:00");
  EXPECT_EQ(page.metadata.language, "de");
  EXPECT_EQ(page.metadata.canonical_url, "https://gazette.example.org/story");
  EXPECT_TRUE(page.metadata.paywalled);
}

TEST(Page, WallsAndShellsAreTypedFailures) {
  const auto failure = [](const std::string& html) { return read_page(html, {})->failure; };
  EXPECT_EQ(
      failure("<title>Just a moment...</title><script>window._cf_chl_opt={}</script><p>Checking "
              "your browser</p>"),
      PageFailure::kChallenge);
  EXPECT_EQ(failure("<title>404 Not Found</title><p>Nothing here.</p>"), PageFailure::kSoft404);
  EXPECT_EQ(failure("<title>App</title><body><div id=root></div><script src=a.js></script>"),
            PageFailure::kEmptyShell);
  EXPECT_EQ(failure("<title>Prices</title><script src=a.js></script><nav><a href=/>Home</a></nav>"
                    "<main><h1>Prices</h1><div id=prices></div></main>"),
            PageFailure::kEmptyShell);
  EXPECT_EQ(
      failure("<title>Hours</title><script src=a.js></script><p>The museum is closed on Mondays "
              "and on the first of May; on all other days it opens at ten.</p>"),
      PageFailure::kNone);
  EXPECT_EQ(failure("<title>Site</title><body><p>Please log in to continue</p><form><input "
                    "type=password></form>"),
            PageFailure::kLoginWall);
  EXPECT_EQ(read(article("")).failure, PageFailure::kNone);
}

TEST(Page, DeepAndBrokenPagesAreReadInBoundedTime) {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "<div class=a><b><i>";
  const Page page = read(deep + article(""));
  EXPECT_NE(page.text().find("The river rose"), std::string::npos);
}

TEST(Date, ReadsWhatPagesWrite) {
  EXPECT_EQ(find_date("发布时间：2019年9月7日 09:59:22 来源")->iso, "2019-09-07T09:59:22");
  EXPECT_EQ(find_date("发布时间：2019-09-07 09:59 来源")->iso, "2019-09-07T09:59");
  EXPECT_EQ(find_date("2019年9月7 日 9:05")->iso, "2019-09-07T09:05");
  EXPECT_FALSE(find_date("2019-09-071"));
  EXPECT_EQ(find_date("Published Sept. 7, 2019 at 5:03 PM")->iso, "2019-09-07T17:03");
  EXPECT_EQ(find_date("am 7. Oktober 2020")->iso, "2020-10-07");
  EXPECT_EQ(find_date("2024-02-29T10:00:00Z")->iso, "2024-02-29T10:00:00Z");
  EXPECT_FALSE(find_date("2023-02-29"));
  EXPECT_FALSE(find_date("call 555-1234-99"));
  EXPECT_EQ(date_in_url("https://x.org/2019/09/07/story"), "2019-09-07");
}

}  // namespace
}  // namespace seine::web
