#include "web/extract/style/selector.h"

#include <gtest/gtest.h>

#include "web/extract/html/parser.h"
#include "web/extract/page.h"

namespace seine::web::css {
namespace {

std::size_t count(std::string_view selector, std::string_view html) {
  const auto list = parse_selector_list(selector);
  EXPECT_TRUE(list) << selector;
  if (!list) return 0;
  const auto document = html::parse(std::string(html));
  std::size_t found = 0;
  for (const html::Node* node = document->root; node != nullptr;
       node = html::next_in_tree(node, document->root)) {
    for (const Selector& one : *list) found += node->is_element() && one.matches(node) ? 1 : 0;
  }
  return found;
}

TEST(Selector, TypesClassesIdsAttributesAndCombinators) {
  constexpr std::string_view kPage =
      "<main id=m><ul class='list wide'><li class=a>1<li class='a b'>2</ul><div><p><a href=/x>l</a>"
      "</p></div></main><p>out</p>";
  EXPECT_EQ(count("li", kPage), 2u);
  EXPECT_EQ(count("LI.b", kPage), 1u);
  EXPECT_EQ(count("#m p", kPage), 1u);
  EXPECT_EQ(count("#m > p", kPage), 0u);
  EXPECT_EQ(count("main > ul.wide > .a", kPage), 2u);
  EXPECT_EQ(count("a[href], a[href^='/'], [class~=b]", kPage), 3u);
  EXPECT_EQ(count("*", "<p>x"), 4u);
}

TEST(Selector, RefusesWhatItDoesNotUnderstand) {
  for (const char* bad : {"", "a:hover", "a + b", "a ~ b", "a >", "> a", ".", "#", "[x", "a,,b",
                          "a, ", "::before", "a|b"})
    EXPECT_FALSE(parse_selector_list(bad)) << bad;
  EXPECT_FALSE(parse_selector_list(std::string(3'000, 'a')));
  std::string many = "a";
  for (int i = 0; i < 40; ++i) many += ",a";
  EXPECT_FALSE(parse_selector_list(many));
}

TEST(Selector, ChoosesWhatOfAPageIsRead) {
  const std::string html =
      "<title>T</title><nav class=x>menu</nav><main><h1>Head</h1><div class=x><p>one</p><div "
      "class=x>two</div></div><p class=x style='display:none'>hidden</p></main>";
  const auto read = [&html](std::string selector) {
    return read_page(html, {.selector = std::move(selector)})->text();
  };
  EXPECT_EQ(read("main .x"), "one\ntwo\n");
  EXPECT_EQ(read("nav, h1"), "menu\nHead\n");
  EXPECT_EQ(read(".none"), "");
  EXPECT_FALSE(read_page(html, {.selector = "a:hover"}));
}

}  // namespace
}  // namespace seine::web::css
