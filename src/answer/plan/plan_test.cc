#include <gtest/gtest.h>

#include "answer/plan/queries.h"
#include "answer/plan/question.h"

namespace seine::answer {
namespace {

using base::Language;

TEST(Question, LanguageKindAndKeywords) {
  const Question en = analyse_question("How long is the river Seine?");
  EXPECT_EQ(en.language, Language::kEnglish);
  EXPECT_EQ(en.kind, AnswerKind::kNumber);
  EXPECT_EQ(en.keywords, "long river Seine");
  const Question zh = analyse_question("请问塞纳河有多长？");
  EXPECT_EQ(zh.language, Language::kChinese);
  EXPECT_EQ(zh.kind, AnswerKind::kNumber);
  EXPECT_EQ(zh.keywords, "塞纳河 长");
  EXPECT_EQ(analyse_question("When was Paris founded?").kind, AnswerKind::kDate);
  EXPECT_EQ(analyse_question("Since when has the ferry run?").kind, AnswerKind::kDate);
  EXPECT_EQ(analyse_question("Tell me when the bridge was built.").kind, AnswerKind::kDate);
  EXPECT_EQ(analyse_question("Who was king when Paris was founded?").kind, AnswerKind::kPerson);
  EXPECT_EQ(analyse_question("How many boats sail when it rains?").kind, AnswerKind::kNumber);
  EXPECT_EQ(analyse_question("Does the ferry run when it rains?").kind, AnswerKind::kYesNo);
  EXPECT_EQ(analyse_question("When it rains, who closes the lock?").kind, AnswerKind::kPerson);
  EXPECT_EQ(analyse_question("谁写了红楼梦").kind, AnswerKind::kPerson);
  EXPECT_EQ(analyse_question("DeepSeek V3 是什么时候发布的").language, Language::kChinese);
  EXPECT_EQ(analyse_question("Is it true?", Language::kChinese).language, Language::kChinese);
}

TEST(Question, TimeWords) {
  EXPECT_TRUE(analyse_question("latest version of Debian").fresh);
  EXPECT_FALSE(analyse_question("latest version of Debian").max_age.has_value());
  EXPECT_EQ(analyse_question("今天北京天气怎么样").max_age, std::chrono::days(2));
  EXPECT_FALSE(analyse_question("How long is the river Seine?").fresh);
  EXPECT_FALSE(analyse_question("Who knows Nowak?").fresh);
}

TEST(Question, WhatNeedsNoSources) {
  for (const char* text : {"Hello!", "你好", "12 * (3+4) = ?", "Translate this to French: cat",
                           "写一首关于春天的诗", "hi"}) {
    EXPECT_FALSE(analyse_question(text).needs_sources) << text;
  }
  for (const char* text : {"What is a Hilbert space?", "Hilbert spaces", "1984 novel",
                           "Hey Jude was written by whom?", "谁发明了电话"}) {
    EXPECT_TRUE(analyse_question(text).needs_sources) << text;
  }
}

TEST(Question, AddressesInIt) {
  EXPECT_EQ(analyse_question("What does https://example.org/a say?").urls,
            (std::vector<std::string>{"https://example.org/a"}));
  EXPECT_EQ(analyse_question("看 https://example.org/b，讲了什么").urls.at(0),
            "https://example.org/b");
  EXPECT_TRUE(analyse_question("What is http?").urls.empty());
}

TEST(Plan, RulesGiveTheQuestionItsKeywordsAndAPair) {
  const base::WallTime now = std::chrono::sys_days{std::chrono::year{2026} / 11 / 28};
  const Plan plan = plan_by_rules(analyse_question("What is the latest version of Debian?"), now);
  ASSERT_EQ(plan.queries.size(), 3u);
  EXPECT_EQ(plan.queries[0].text, "What is the latest version of Debian?");
  EXPECT_EQ(plan.queries[1].text, "latest version Debian 2026");
  EXPECT_EQ(plan.queries[2].text, "Debian 最新 版本");
  EXPECT_EQ(plan.queries[2].language, Language::kChinese);
  const Plan zh = plan_by_rules(analyse_question("DeepSeek V3 的参数是多少？"), now);
  EXPECT_EQ(zh.queries.back().text, "DeepSeek V3 parameters");
  EXPECT_EQ(plan_by_rules(analyse_question("塞纳河有多长"), now).queries.size(), 2u);
  EXPECT_FALSE(plan_by_rules(analyse_question("你好"), now).search);
}

TEST(Plan, ReadsAModelsReply) {
  const Question question = analyse_question("塞纳河多长？");
  const auto plan = read_plan(
      "Here it is:\n```json\n{\"search\": true, \"queries\": [\"塞纳河 长度\", \"Seine length\", "
      "3, \"\"]}\n```",
      question);
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  ASSERT_EQ(plan->queries.size(), 2u);
  EXPECT_EQ(plan->queries[1].language, Language::kEnglish);
  EXPECT_FALSE(read_plan("{\"search\": false}", question)->search);
  EXPECT_FALSE(read_plan("no json", question).has_value());
  EXPECT_FALSE(read_plan("{\"queries\": []}", question).has_value());
  EXPECT_FALSE(read_plan("}{", question).has_value());
}

TEST(Plan, MergesHitsByRankAndAddress) {
  const SearchResult a{.hits = {{.url = "u1"}, {.url = "u2"}}};
  const SearchResult b{.hits = {{.url = "u3"}, {.url = "u2"}}};
  const std::vector<SearchHit> hits = merge_hits({a, b}, 2);
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].url, "u2");
  EXPECT_EQ(hits[1].url, "u1");
}

}  // namespace
}  // namespace seine::answer
