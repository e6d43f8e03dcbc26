#include "gateway/docs/docs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "gateway/detail/test_gateway.h"
#include "gateway/docs/markdown.h"

namespace seine::gateway {
namespace {

std::vector<std::string> targets(const std::string& html) {
  std::vector<std::string> out;
  for (std::size_t at = html.find("href=\""); at != std::string::npos;
       at = html.find("href=\"", at + 1)) {
    out.push_back(html.substr(at + 6, html.find('"', at + 6) - at - 6));
  }
  return out;
}

TEST(Docs, EveryPageHasATitleAndBothLanguagesOfWhatNewcomersRead) {
  std::set<std::string> english;
  std::set<std::string> chinese;
  for (const docs::Page& page : docs::pages()) {
    EXPECT_FALSE(markdown_title(page.markdown).empty()) << page.path;
    (page.chinese ? chinese : english).emplace(page.path);
  }
  EXPECT_TRUE(english.contains(""));
  for (const std::string& path : english) {
    if (path.starts_with("reference/")) continue;
    EXPECT_TRUE(chinese.contains(path)) << path << " is not there in Chinese";
  }
  for (const std::string& path : chinese) EXPECT_TRUE(english.contains(path)) << path;
}

TEST(Docs, LinksWithinLeadToPagesThatAreThere) {
  std::size_t within = 0;
  for (const docs::Page& page : docs::pages()) {
    for (const std::string& target : targets(docs_html(page))) {
      if (target.starts_with("http") || target.starts_with('#')) continue;
      EXPECT_TRUE(target.starts_with('/')) << page.path << ": " << target;
      if (!target.starts_with("/docs") || target == "/docs/style.css") continue;
      EXPECT_NE(find_docs(target.substr(0, target.find('#'))), nullptr)
          << page.path << ": " << target;
      ++within;
    }
  }
  EXPECT_GT(within, docs::pages().size() * 2);
}

TEST(Docs, TheTableOfContentsNamesEveryPage) {
  for (const bool chinese : {false, true}) {
    const docs::Page* index = find_docs(chinese ? "/docs/zh" : "/docs");
    ASSERT_NE(index, nullptr);
    const std::vector<std::string> named = targets(docs_html(*index));
    for (const docs::Page& page : docs::pages()) {
      if (page.chinese != chinese) continue;
      EXPECT_NE(std::ranges::find(named, docs_address(page)), named.end()) << docs_address(page);
    }
  }
}

TEST(Docs, AnAddressThatLeadsNowhereIsAPageForPeopleAndAnErrorForPrograms) {
  detail::TestGateway gateway;
  add_docs(gateway.router);
  gateway.start();
  const auto person = gateway.ask("GET", "/docs/none", {}, {{"accept", "text/html,*/*"}});
  EXPECT_EQ(person.status, 404);
  EXPECT_NE(person.body.find("There is no such page"), std::string::npos);
  EXPECT_NE(person.body.find("href=\"/docs\""), std::string::npos);
  EXPECT_TRUE(person.headers.get("content-security-policy"));
  const auto reader = gateway.ask("GET", "/docs/zh/none", {}, {{"accept", "text/html"}});
  EXPECT_NE(reader.body.find("没有这一页"), std::string::npos);
  EXPECT_EQ(gateway.ask("GET", "/docs/none").status, 404);
}

TEST(Docs, AddressesFindTheirPages) {
  for (const docs::Page& page : docs::pages()) EXPECT_EQ(find_docs(docs_address(page)), &page);
  EXPECT_EQ(find_docs("/docs/"), find_docs("/docs"));
  EXPECT_EQ(find_docs("/docs/none"), nullptr);
  EXPECT_EQ(find_docs("/docsx"), nullptr);
  EXPECT_EQ(find_docs("/docs/../etc"), nullptr);
}

}  // namespace
}  // namespace seine::gateway
