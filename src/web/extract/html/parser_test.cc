#include "web/extract/html/parser.h"

#include <gtest/gtest.h>

#include "web/extract/html/entities.h"

namespace seine::web::html {
namespace {

// "html(head,body(p('x')))": a tree in one line.
std::string outline(const Document& document) {
  std::string out;
  const Node* node = document.root->first_child;
  while (node != nullptr) {
    if (node->is_text()) {
      out += "'" + std::string(node->text) + "'";
    } else if (node->is_element()) {
      out += std::string(node->name);
    } else {
      out += node->type == NodeType::kComment ? "#" : "!";
    }
    if (node->first_child != nullptr) {
      out += "(";
      node = node->first_child;
      continue;
    }
    while (node != nullptr && node->next == nullptr) {
      node = node->parent == document.root ? nullptr : node->parent;
      if (node != nullptr) out += ")";
    }
    if (node == nullptr) break;
    out += ",";
    node = node->next;
  }
  return out;
}

std::string parsed(std::string text) {
  return outline(*parse(std::move(text)));
}

TEST(Parser, SuppliesWhatTheSourceLeavesOut) {
  EXPECT_EQ(parsed("<p>a<p>b"), "html(head,body(p('a'),p('b')))");
  EXPECT_EQ(parsed("<!doctype html><title>t</title>x"), "!,html(head(title('t')),body('x'))");
  EXPECT_EQ(parsed(""), "html(head,body)");
  EXPECT_EQ(parsed("<table><td>x"), "html(head,body(table(tbody(tr(td('x'))))))");
}

TEST(Parser, AdoptsMisnestedFormatting) {
  EXPECT_EQ(parsed("<b>1<p>2</b>3"), "html(head,body(b('1'),p(b('2'),'3')))");
  EXPECT_EQ(parsed("<a>1<a>2"), "html(head,body(a('1'),a('2')))");
}

TEST(Parser, FostersTextOutOfTables) {
  EXPECT_EQ(parsed("<table>x<tr><td>y</table>"), "html(head,body('x',table(tbody(tr(td('y'))))))");
}

TEST(Parser, TemplatesKeepTheirContentApart) {
  const auto document = parse("<template><p>x</p></template>");
  const Node* head = document->head();
  ASSERT_NE(head->first_child, nullptr);
  EXPECT_EQ(head->first_child->first_child, nullptr);
  EXPECT_EQ(text_content(head->first_child->content), "x");
}

TEST(Parser, ScriptTextEndsWhereTheStandardSays) {
  EXPECT_EQ(parsed("<script><!--<script></script>--></script>x"),
            "html(head(script('<!--<script></script>-->')),body('x'))");
  EXPECT_EQ(parsed("<textarea>\n<b></textarea>"), "html(head,body(textarea('<b>')))");
}

TEST(Parser, ForeignElementsKeepTheirCase) {
  const auto document = parse("<svg viewbox=1><FOREIGNobject><p>x</svg>");
  const Node* svg = document->body()->first_child;
  EXPECT_EQ(svg->get("viewBox"), "1");
  EXPECT_EQ(svg->first_child->name, "foreignObject");
}

TEST(Parser, EveryNodeKnowsItsPlaceInTheSource) {
  const std::string source = "<div>one &amp; two<p class=x>three</p>\r\nfour</div>";
  const auto document = parse(source);
  const Node* div = document->body()->first_child;
  EXPECT_EQ(div->offset, 0U);
  EXPECT_EQ(div->first_child->offset, source.find("one"));
  EXPECT_EQ(div->first_child->text, "one & two");
  const Node* p = div->first_child->next;
  EXPECT_EQ(p->offset, source.find("<p"));
  EXPECT_EQ(p->next->text, "\nfour");
}

TEST(Parser, TextWithoutReferencesIsASliceOfTheSource) {
  const auto document = parse("<p>a < b & c</p>");
  const Node* text = document->body()->first_child->first_child;
  EXPECT_EQ(text->text, "a < b & c");
  EXPECT_GE(text->text.data(), document->source.data());
  EXPECT_LT(text->text.data(), document->source.data() + document->source.size());
}

TEST(Parser, DepthIsBoundedAndNoTextIsLost) {
  std::string source;
  for (int i = 0; i < 100'000; ++i) source += "<div>";
  source += "deep";
  for (int i = 0; i < 100'000; ++i) source += "</div>";
  source += "after";
  const auto document = parse(source);
  EXPECT_EQ(text_content(document->root), "deepafter");
  int depth = 0;
  int depth_max = 0;
  for (const Node* node = document->root; node != nullptr;) {
    if (node->first_child != nullptr) {
      node = node->first_child;
      depth_max = std::max(depth_max, ++depth);
      continue;
    }
    while (node != nullptr && node->next == nullptr) {
      node = node->parent;
      --depth;
    }
    node = node == nullptr ? nullptr : node->next;
  }
  EXPECT_LE(depth_max, 520);
}

TEST(Parser, NodeLimitCutsTheTree) {
  std::string source;
  for (int i = 0; i < 5000; ++i) source += "<b>x</b>";
  const auto document =
      parse(source, {.source_bytes_max = 1 << 20, .nodes_max = 1000, .depth_max = 512});
  EXPECT_TRUE(document->truncated);
}

TEST(Parser, FormattingElementsDoNotMultiplyWithoutBound) {
  std::string source = "<p>";
  for (int i = 0; i < 2000; ++i) source += "<font size=" + std::to_string(i) + ">";
  for (int i = 0; i < 2000; ++i) source += "<p>x";
  const auto document = parse(source);
  EXPECT_LT(document->arena.used(), std::size_t{64} << 20);
}

TEST(Entities, LongestMatchAndAttributeRule) {
  EXPECT_EQ(decode_references("&lt;&notit;&NotEqualTilde;&#x41;&#128;&#0;&#xD800;"),
            "<&notit;\u2242\u0338A€\uFFFD\uFFFD");
  std::string out;
  EXPECT_EQ(decode_reference("&notit;", false, out), 4U);
  EXPECT_EQ(out, "¬");
  EXPECT_EQ(decode_references("?a=1&copy=2&amp;b"), "?a=1&copy=2&b");
}

TEST(Fragment, UsesItsContext) {
  const auto row = parse_fragment("<td>x", "tr");
  EXPECT_EQ(outline(*row), "td('x')");
  EXPECT_EQ(outline(*parse_fragment("<td>x", "div")), "'x'");
}

}  // namespace
}  // namespace seine::web::html
