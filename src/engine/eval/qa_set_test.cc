#include "engine/eval/qa_set.h"

#include <gtest/gtest.h>

namespace seine::engine {
namespace {

TEST(QaSet, ReadsRowsAndNamesTheLineAtFault) {
  const auto set = parse_qa(
      R"({"title":"Seine","context":"It is 777 km long.","qas":[{"q":"How long?","a":["777 km"]}]})"
      "\n\n"
      R"({"title":"塞纳河","context":"全长777公里。","qas":[]})");
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_EQ(set->passages[0], "Seine: It is 777 km long.");
  EXPECT_EQ(set->passages[1], "塞纳河：全长777公里。");
  ASSERT_EQ(set->questions.size(), 1U);
  EXPECT_EQ(set->questions[0].passage, 0U);
  EXPECT_TRUE(parse_qa("{}\n").error().message.starts_with("line 1"));
  EXPECT_FALSE(parse_qa(R"({"context":"x","qas":[{"q":"y","a":[1]}]})"));
  EXPECT_FALSE(parse_qa("{\"context\":"));
}

TEST(QaSet, ScoresAsSquadDoes) {
  EXPECT_EQ(score_answer("The 777 km!", {"777 km"}).exact, 1);
  EXPECT_NEAR(score_answer("777 km long", {"777 km"}).f1, 0.8, 1e-9);
  EXPECT_EQ(score_answer("", {"777 km"}).f1, 0);
  EXPECT_NEAR(score_answer("七百公里", {"七百里", "八百"}).f1, 6.0 / 7, 1e-9);
  EXPECT_EQ(score_answer("七百里。", {"七百里"}).exact, 1);
}

TEST(QaSet, NearPassagesHoldNoAnswer) {
  QaSet set;
  set.passages = {"the river seine is 777 km long", "the river loire is 1006 km long",
                  "cats and dogs", "a river of 777 km"};
  const QaQuestion question{
      .question = "How long is the river Seine?", .answers = {"777 km"}, .passage = 0};
  const NearPassages near(set);
  EXPECT_EQ(near.find(question, 3), (std::vector<std::size_t>{1}));
  EXPECT_TRUE(near.find({.question = "zzz"}, 3).empty());
}

}  // namespace
}  // namespace seine::engine
