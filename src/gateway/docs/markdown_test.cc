#include "gateway/docs/markdown.h"

#include <gtest/gtest.h>

namespace seine::gateway {
namespace {

std::string html(std::string_view markdown) {
  return markdown_to_html(markdown);
}

TEST(Markdown, BlocksOfEachKind) {
  EXPECT_EQ(html("# One *two*\n\nText\nmore"),
            "<h1 id=\"one-two\">One <em>two</em></h1>\n<p>Text\nmore</p>\n");
  EXPECT_EQ(html("- a\n- b\n  - c\n"),
            "<ul>\n<li>a</li>\n<li>b\n<ul>\n<li>c</li>\n</ul></li>\n</ul>\n");
  EXPECT_EQ(html("1. a\n2. b\n"), "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n");
  EXPECT_EQ(html("- a\n\n- b\n"), "<ul>\n<li><p>a</p></li>\n<li><p>b</p></li>\n</ul>\n");
  EXPECT_EQ(html("```sh\nx <y>\n\nz\n```\nafter"),
            "<pre tabindex=\"0\"><code>x &lt;y&gt;\n\nz\n</code></pre>\n<p>after</p>\n");
  EXPECT_EQ(html("    a\n    b\n"), "<pre tabindex=\"0\"><code>a\nb\n</code></pre>\n");
  EXPECT_EQ(html("> a\n> b\n"), "<blockquote>\n<p>a\nb</p>\n</blockquote>\n");
  EXPECT_EQ(html("a\n\n---\n\nb"), "<p>a</p>\n<hr>\n<p>b</p>\n");
  EXPECT_EQ(html("| a | b |\n| --- | --- |\n| `x|y` | 1 |\n"),
            "<div class=\"table\" tabindex=\"0\" role=\"group\"><table>\n<thead>\n<tr><th>a</th>"
            "<th>b</th></tr>\n</thead>\n<tbody>\n<tr><td><code>x|y</code></td><td>1</td></tr>\n"
            "</tbody>\n</table></div>\n");
}

TEST(Markdown, TextWithinALine) {
  EXPECT_EQ(html("**a** and __b__ and `c*d*`"),
            "<p><strong>a</strong> and <strong>b</strong> and <code>c*d*</code></p>\n");
  EXPECT_EQ(html("snake_case_name and _this_, 2 * 3 * 4"),
            "<p>snake_case_name and <em>this</em>, 2 * 3 * 4</p>\n");
  EXPECT_EQ(html("[a](b.md \"t\") <https://x.test/?a=1&b>"),
            "<p><a href=\"b.md\">a</a> <a href=\"https://x.test/?a=1&amp;b\" rel=\"noopener "
            "noreferrer\">https://x.test/?a=1&amp;b</a></p>\n");
  EXPECT_EQ(html("\\*a\\* [not a link] *open"), "<p>*a* [not a link] *open</p>\n");
}

TEST(Markdown, LinesOfHanJoinWithoutASpace) {
  EXPECT_EQ(html("塞纳河\n流经巴黎"), "<p>塞纳河流经巴黎</p>\n");
  EXPECT_EQ(html("塞纳河\nSeine"), "<p>塞纳河\nSeine</p>\n");
}

TEST(Markdown, NothingBecomesATag) {
  EXPECT_EQ(html("<script>alert(1)</script> & \"x\""),
            "<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; \"x\"</p>\n");
  for (const std::string_view target :
       {"javascript:alert(1)", "JaVaScript:x", "data:text/html,x", "//evil.test", "vbscript:x"}) {
    const std::string out = html("[a](" + std::string(target) + ")");
    EXPECT_EQ(out.find("href"), std::string::npos) << out;
    EXPECT_NE(out.find('a'), std::string::npos);
  }
  EXPECT_EQ(html("![a\" onerror=\"x](p.png)"), "<p><a href=\"p.png\">a\" onerror=\"x</a></p>\n");
}

TEST(Markdown, LinksGoWhereTheCallerSays) {
  const auto to = [](std::string_view target) -> std::optional<std::string> {
    if (target == "gone.md") return std::nullopt;
    return "/docs/" + std::string(target);
  };
  EXPECT_EQ(markdown_to_html("[a](x) [b](gone.md)", to), "<p><a href=\"/docs/x\">a</a> b</p>\n");
}

TEST(Markdown, TitleIsTheFirstHeadingsText) {
  EXPECT_EQ(markdown_title("text\n\n## `seine ask` & **more** <x>\n# no"), "seine ask & more <x>");
  EXPECT_EQ(markdown_title("```\n# in code\n```\n"), "");
}

TEST(Markdown, DeepNestingEnds) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "> - *[";
  EXPECT_FALSE(html(text).empty());
  EXPECT_FALSE(html(std::string(20'000, '[')).empty());
  EXPECT_FALSE(html(std::string(20'000, '*') + "a").empty());
  EXPECT_FALSE(html(std::string(20'000, '`')).empty());
}

}  // namespace
}  // namespace seine::gateway
