#include "web/extract/sanitize/sanitizer.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "web/extract/html/parser.h"

namespace seine::web {
namespace {

std::string clean(std::string_view html, std::string base = "https://example.org/a/") {
  const SanitizeOptions options{.base_url = std::move(base)};
  std::string out = sanitize_html(html, options);
  EXPECT_EQ(sanitize_html(out, options), out) << html;
  return out;
}

TEST(Sanitizer, KeepsWhatReads) {
  EXPECT_EQ(clean("<h1 id=x onclick=y>T</h1><p style='color:red'>a &amp; b &lt;c></p>"),
            "<h1>T</h1><p>a &amp; b &lt;c&gt;</p>");
  EXPECT_EQ(
      clean("<a href='../b?q=1&r' target=_blank>x</a>"),
      "<a href=\"https://example.org/b?q=1&amp;r\" rel=\"noopener noreferrer nofollow ugc\">x</a>");
  EXPECT_EQ(clean("<img src=i.png alt='a \"b\"' width=10 onerror=x>"),
            "<img src=\"https://example.org/a/i.png\" alt=\"a &quot;b&quot;\" width=\"10\" "
            "loading=\"lazy\" referrerpolicy=\"no-referrer\">");
  EXPECT_EQ(clean("<table><tr><td colspan=2>x</table>"),
            "<table><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>");
  EXPECT_EQ(clean("<pre><code class='language-cpp evil'>\n\nx</code></pre><my-tag>y</my-tag>"),
            "<pre><code>\n\nx</code></pre>y");
  EXPECT_EQ(clean("<pre>\n\nx</pre>"), "<pre>\n\nx</pre>");
  EXPECT_EQ(clean("<code class=language-cpp>x</code>"), "<code class=\"language-cpp\">x</code>");
}

TEST(Sanitizer, NothingRuns) {
  EXPECT_EQ(clean("<script>alert(1)</script><style>*{}</style>a"), "a");
  EXPECT_EQ(clean("<a href='java\nscript:alert(1)'>x</a><a href='data:text/html,x'>y</a>"),
            "<a>x</a><a>y</a>");
  EXPECT_EQ(clean("<svg><a xlink:href='javascript:x'>t</a><script>x</script></svg>b"), "b");
  EXPECT_EQ(clean("<math><mtext><table><mglyph><style><img src=x onerror=y></style>"), "");
  EXPECT_EQ(clean("<noscript><p title='</noscript><img src=x onerror=y>'></noscript>z"), "")
      << "the end tag stands inside a paragraph: all of it belongs to noscript";
  EXPECT_EQ(clean("<template><img src=x onerror=y></template>t"), "t");
  EXPECT_EQ(clean("<form><input value=v><button>b</button></form>"), "b");
  EXPECT_EQ(clean("<a href='https://user:pw@example.org/'>x</a>"), "<a>x</a>");
  EXPECT_EQ(clean("<img src=data:image/svg+xml,x>"), "");
  EXPECT_EQ(clean("<a href=/relative>x</a>", ""), "<a>x</a>") << "nothing to resolve it by";
}

// Random soup of what has broken sanitisers: the result is a fixed point and holds nothing but
// allowed elements and attributes, by the tree that parsing it gives.
TEST(Sanitizer, SoupIsAFixedPoint) {
  static constexpr std::string_view kParts[] = {"<a href=x>",
                                                "</a>",
                                                "<table>",
                                                "<tr>",
                                                "<td>",
                                                "</table>",
                                                "<p>",
                                                "</p>",
                                                "<svg>",
                                                "</svg>",
                                                "<math>",
                                                "<mtext>",
                                                "<mglyph>",
                                                "<style>",
                                                "</style>",
                                                "<title>",
                                                "</title>",
                                                "<b>",
                                                "</b>",
                                                "<form>",
                                                "</form>",
                                                "<button>",
                                                "<select>",
                                                "<template>",
                                                "</template>",
                                                "<noscript>",
                                                "</noscript>",
                                                "<img src=x onerror=y>",
                                                "<!--",
                                                "-->",
                                                "<![CDATA[",
                                                "]]>",
                                                "<xmp>",
                                                "</xmp>",
                                                "<li>",
                                                "<ul>",
                                                "<dd>",
                                                "<h1>",
                                                "<pre>\n",
                                                "<textarea>",
                                                "</textarea>",
                                                "x",
                                                "&lt;",
                                                "\"",
                                                "'",
                                                "<desc>",
                                                "<foreignObject>",
                                                "<annotation-xml encoding=text/html>",
                                                "<ruby>",
                                                "<rt>",
                                                "<details>"};
  base::SeededRandom random(9);
  for (int round = 0; round < 4000; ++round) {
    std::string soup;
    for (std::uint64_t i = 0, n = random.below(24); i < n; ++i) {
      soup += kParts[random.below(std::size(kParts))];
    }
    const std::string out = clean(soup);
    const auto document = html::parse_fragment(out, "div");
    for (const html::Node* node = document->root; node != nullptr;
         node = html::next_in_tree(node, document->root)) {
      if (!node->is_element()) continue;
      ASSERT_EQ(node->ns, html::Namespace::kHtml) << soup;
      for (std::uint32_t i = 0; i < node->attribute_count; ++i) {
        ASSERT_FALSE(node->attributes[i].name.starts_with("on")) << soup;
      }
    }
  }
}

TEST(Sanitizer, IsBounded) {
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += "<div><b>";
  EXPECT_LT(clean(deep).size(), 10 * deep.size());
  const std::string cut = sanitize_html(
      std::string(5000, 'x') + "<p>" + std::string(5000, 'y') + "</p>", {.output_bytes_max = 6000});
  EXPECT_LT(cut.size(), 6000U);
}

}  // namespace
}  // namespace seine::web
