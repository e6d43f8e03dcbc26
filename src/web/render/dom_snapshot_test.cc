// The form of a snapshot, without a browser: renderer_test.cc has the real ones.
#include "web/render/dom_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "web/render/cdp_splitter.h"
#include "web/render/visible_text.h"

namespace seine::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Builds a snapshot of one document, node by node.
class Builder {
 public:
  Builder() {
    node(-1, 9, "#document", "");
    html_ = node(0, 1, "HTML", "");
    body_ = node(html_, 1, "BODY", "");
    box(body_);
  }
  int body() const { return body_; }
  int element(int parent, const std::string& name, std::vector<std::string> attributes = {}) {
    const int i = node(parent, 1, name, "");
    base::Json list = base::Json::array();
    for (const std::string& one : attributes) list.push_back(string(one));
    nodes_["attributes"][static_cast<std::size_t>(i)] = list;
    return i;
  }
  int text(int parent, const std::string& value) { return node(parent, 3, "#text", value); }
  // A box of 100 x 20 in plain sight, with styles in the place of the usual ones.
  void box(int node, std::vector<std::pair<Style, std::string>> styles = {}) {
    std::vector<std::string> all = {"visible", "1",       "16px",    "rgb(0, 0, 0)",
                                    "static",  "visible", "visible", "auto",
                                    "none",    "none",    "none",    "border-box"};
    for (const auto& [style, value] : styles) all[style] = value;
    base::Json row = base::Json::array();
    for (const std::string& value : all) row.push_back(string(value));
    layout_["nodeIndex"].push_back(node);
    layout_["styles"].push_back(row);
    layout_["bounds"].push_back({10, 10, 100, 20});
    layout_["blendedBackgroundColors"].push_back(string("rgb(255, 255, 255)"));
  }
  int shown(int parent, const std::string& value,
            std::vector<std::pair<Style, std::string>> styles = {}) {
    const int i = text(parent, value);
    box(i, std::move(styles));
    return i;
  }
  base::Json json() const {
    return {{"documents", {{{"documentURL", 0}, {"nodes", nodes_}, {"layout", layout_}}}},
            {"strings", strings_}};
  }
  std::string html() const { return visible_html(json()).value().html; }

 private:
  int string(const std::string& text) {
    strings_.push_back(text);
    return static_cast<int>(strings_.size()) - 1;
  }
  int node(int parent, int type, const std::string& name, const std::string& value) {
    nodes_["parentIndex"].push_back(parent);
    nodes_["nodeType"].push_back(type);
    nodes_["nodeName"].push_back(string(name));
    nodes_["nodeValue"].push_back(string(value));
    nodes_["attributes"].push_back(base::Json::array());
    return static_cast<int>(nodes_["nodeType"].size()) - 1;
  }
  base::Json nodes_ = base::Json::object();
  base::Json layout_ = {{"nodeIndex", base::Json::array()},
                        {"styles", base::Json::array()},
                        {"bounds", base::Json::array()},
                        {"blendedBackgroundColors", base::Json::array()}};
  base::Json strings_ = {"http://example.org/"};
  int html_ = 0;
  int body_ = 0;
};

TEST(DomSnapshot, WritesWhatIsSeenAndEscapesIt) {
  Builder page;
  const int paragraph = page.element(page.body(), "P", {"title", "a \"b\" <c>", "onclick", "x()"});
  page.box(paragraph);
  page.shown(paragraph, "1 < 2 & 3");
  page.text(paragraph, "no box");
  EXPECT_THAT(page.html(),
              HasSubstr("<p title=\"a &quot;b&quot; &lt;c&gt;\">1 &lt; 2 &amp; 3</p>"));
  EXPECT_THAT(page.html(), Not(HasSubstr("no box")));
}

TEST(DomSnapshot, JudgesByTheComputedStyles) {
  const std::vector<std::pair<Style, std::string>> hiding = {{kVisibility, "hidden"},
                                                             {kFontSize, "2px"},
                                                             {kColor, "rgb(250, 250, 250)"},
                                                             {kColor, "rgba(0, 0, 0, 0)"}};
  for (const auto& style : hiding) {
    Builder page;
    const int paragraph = page.element(page.body(), "P");
    page.box(paragraph);
    page.shown(paragraph, "unseen", {style});
    EXPECT_THAT(page.html(), Not(HasSubstr("unseen"))) << style.second;
  }
  const std::vector<std::pair<Style, std::string>> above = {{kOpacity, "0.05"},
                                                            {kClipPath, "inset(100%)"},
                                                            {kClipPath, "circle(0px at 50% 50%)"},
                                                            {kFilter, "opacity(0)"}};
  for (const auto& style : above) {
    Builder page;
    const int division = page.element(page.body(), "DIV");
    page.box(division, {style});
    const int paragraph = page.element(division, "P");
    page.box(paragraph);
    page.shown(paragraph, "unseen");
    EXPECT_THAT(page.html(), Not(HasSubstr("unseen"))) << style.second;
  }
}

TEST(DomSnapshot, KeepsDataForReadersAndNoScript) {
  Builder page;
  const int data = page.element(page.body(), "SCRIPT", {"type", "application/ld+json"});
  page.text(data, "{\"a\":\"</script>\"}");
  const int script = page.element(page.body(), "SCRIPT");
  page.text(script, "run()");
  EXPECT_THAT(page.html(), HasSubstr("{\"a\":\"<\\/script>\"}"));
  EXPECT_THAT(page.html(), Not(HasSubstr("run()")));
}

TEST(DomSnapshot, TakesNothingForGranted) {
  EXPECT_FALSE(visible_html(base::Json()));
  EXPECT_FALSE(
      visible_html({{"documents", base::Json::array()}, {"strings", base::Json::array()}}));
  base::Json odd = Builder().json();
  odd["documents"][0]["nodes"]["parentIndex"] = {5, 5, "x"};
  odd["documents"][0]["layout"]["nodeIndex"] = {99, -3, {}};
  EXPECT_TRUE(visible_html(odd));
  const auto bounded = visible_html(Builder().json(), {.nodes_max = 2});
  ASSERT_TRUE(bounded);
  EXPECT_TRUE(bounded->truncated);
}

TEST(CdpSplitter, SplitsAtAnyByteAndRefusesNonsense) {
  std::string wire = R"({"id":7,"result":{"a":1}})";
  wire += '\0';
  wire += R"({"method":"M","params":{},"sessionId":"s"})";
  wire += '\0';
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    CdpSplitter splitter;
    std::vector<CdpMessage> messages;
    for (const std::string& half : {wire.substr(0, cut), wire.substr(cut)}) {
      splitter.feed(half);
      for (;;) {
        auto message = splitter.next();
        ASSERT_TRUE(message);
        if (!*message) break;
        messages.push_back(std::move(**message));
      }
    }
    ASSERT_EQ(messages.size(), 2u);
    EXPECT_EQ(messages[0].id, 7);
    EXPECT_EQ(messages[1].method, "M");
    EXPECT_EQ(messages[1].session, "s");
  }
  CdpSplitter splitter;
  splitter.feed(std::string("[1]\0", 4));
  EXPECT_FALSE(splitter.next());
}

}  // namespace
}  // namespace seine::web
