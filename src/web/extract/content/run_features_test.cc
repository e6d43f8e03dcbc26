#include "web/extract/content/run_features.h"

#include <gtest/gtest.h>

#include "web/extract/content/main_content.h"
#include "web/extract/content/run_model.h"
#include "web/extract/html/parser.h"

namespace seine::web {
namespace {

constexpr std::string_view kSentence =
    "The river rose during the night, and by morning the lower meadow was under water, as it had "
    "been twice before.";

struct Described {
  std::unique_ptr<html::Document> document;
  RunReport report;

  explicit Described(const std::string& body, std::string_view title = "The flood")
      : document(html::parse("<body>" + body)),
        report(describe_runs(*document, Visibility(*document), title, "")) {}

  std::size_t find(std::string_view start) const {
    for (std::size_t i = 0; i < report.runs.size(); ++i) {
      if (run_text(report.runs[i], document->body(), 200).starts_with(start)) return i;
    }
    ADD_FAILURE() << "no run starts with " << start;
    return 0;
  }
  float of(std::string_view start, RunFeature feature) const {
    return report.vectors.at(find(start)).at(static_cast<std::size_t>(feature));
  }
};

std::string paragraph(std::string_view start) {
  return "<p>" + std::string(start) + " " + std::string(kSentence) + "</p>";
}

TEST(RunFeatures, RunsEndAtBlocksAndAtEmptyLines) {
  const Described page("<div>one <b>and</b> the same<br>run<br><br>two<p>three</p>four</div>");
  std::vector<std::string> texts;
  for (const TextRun& run : page.report.runs)
    texts.push_back(run_text(run, page.document->body(), 200));
  EXPECT_EQ(texts, (std::vector<std::string>{"one and the samerun", "two", "three", "four"}));
}

TEST(RunFeatures, CountsLettersAndLinks) {
  const Described page("<p>abcd <a href=/x>efgh</a></p>" + paragraph("A"));
  EXPECT_EQ(page.of("abcd", RunFeature::kLetters), 8);
  EXPECT_EQ(page.of("abcd", RunFeature::kPlainLetters), 4);
  EXPECT_EQ(page.of("abcd", RunFeature::kLinkShare), 50);
  EXPECT_EQ(page.of("A The", RunFeature::kSentences), 1);
  EXPECT_EQ(page.of("A The", RunFeature::kCommas), 2);
  EXPECT_EQ(page.of("A The", RunFeature::kLinksBefore), 50);
}

TEST(RunFeatures, KnowsWhereTheTitleStands) {
  const Described page("<p>above</p><h1>The flood</h1>" + paragraph("A"));
  EXPECT_EQ(page.of("above", RunFeature::kTitlePlace), 1);
  EXPECT_EQ(page.of("The flood", RunFeature::kTitlePlace), 2);
  EXPECT_EQ(page.of("A The", RunFeature::kTitlePlace), 3);
  EXPECT_EQ(page.of("A The", RunFeature::kTitleDistance), 1);
}

TEST(RunFeatures, SeesListsOfTeasers) {
  std::string teasers;
  for (const char* name : {"a", "b", "c", "d"}) {
    teasers += "<div class=card><h3><a href=/" + std::string(name) + ">Story " + name +
               "</a></h3><p>About " + name + "</p></div>";
  }
  const Described page(paragraph("A") + paragraph("B") + "<div>" + teasers + "</div>");
  EXPECT_EQ(page.of("About c", RunFeature::kTwins), 3);
  EXPECT_EQ(page.of("A The", RunFeature::kTwins), 0);
}

TEST(RunFeatures, SaysWhatContainersCallThemselves) {
  const Described page("<div class=article-body>" + paragraph("A") + paragraph("B") +
                       "</div><div id=comments>" + paragraph("C") +
                       "</div><aside><p>D</p></aside>");
  EXPECT_GT(page.of("A The", RunFeature::kBodyProse), 60);
  EXPECT_EQ(page.of("C The", RunFeature::kBodyProse), 0);
  EXPECT_GT(page.of("C The", RunFeature::kCommentProse), 30);
  EXPECT_EQ(page.of("D", RunFeature::kLandmark), 2);
  EXPECT_EQ(page.of("C The", RunFeature::kRule), static_cast<float>(Hint::kComments));
}

TEST(RunFeatures, EveryRunHasAVectorOnAnyTree) {
  for (const char* html :
       {"", "<table><td>x", "<body>plain", "<p></p><hr>", "<a href=x>only</a>"}) {
    const Described page(html);
    EXPECT_EQ(page.report.runs.size(), page.report.vectors.size()) << html;
  }
}

TEST(RunModel, ProseOutweighsLinks) {
  const Described page("<div class=article-body>" + paragraph("A") + paragraph("B") +
                       "</div><ul><li><a href=/1>Home</a><li><a href=/2>News</a></ul>");
  const auto score = [&](std::string_view start) {
    return run_score(page.report.vectors.at(page.find(start)));
  };
  EXPECT_GT(score("B The"), 0);
  EXPECT_LT(score("Home"), 0);
}

}  // namespace
}  // namespace seine::web
