#include <gtest/gtest.h>

#include "answer/rank/bm25.h"
#include "answer/rank/select.h"

namespace seine::answer {
namespace {

TEST(Bm25, RanksByRareWordsInBothLanguages) {
  Bm25 index;
  index.add("Seine", "The river runs through Paris and is 777 kilometres long.");
  index.add("Loire", "The river runs through Orleans.");
  index.add("塞纳河", "这条河流经巴黎，全长七百七十七公里。");
  EXPECT_EQ(ranking(index.scores("long river Seine")).front(), 0u);
  EXPECT_EQ(ranking(index.scores("塞纳河全长")).front(), 2u);
  EXPECT_TRUE(ranking(index.scores("zebra")).empty());
  EXPECT_GT(index.idf("paris"), index.idf("river"));
  EXPECT_EQ(index.idf("zebra"), index.idf("paris"));
  EXPECT_EQ(index.terms("the of").size(), 2u);
  EXPECT_TRUE(Bm25().scores("anything").empty());
}

TEST(Fusion, AddsReciprocalRanks) {
  const std::vector<std::size_t> lists[] = {{2, 0}, {0, 1, 99}};
  const std::vector<double> scores = fuse_ranks(3, lists);
  EXPECT_EQ(ranking(scores), (std::vector<std::size_t>{0, 2, 1}));
}

TEST(Select, BoundsTokensPagesAndRepeats) {
  std::vector<Passage> passages;
  for (std::size_t i = 0; i < 6; ++i) {
    passages.push_back({.page = i / 3,
                        .heading_path = {},
                        .text = "t" + std::to_string(i % 5),
                        .sentences = {},
                        .tokens = 100});
  }
  const std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
  EXPECT_EQ(select_passages(passages, order, {.tokens = 1000, .count = 9, .per_page = 2}),
            (std::vector<std::size_t>{0, 1, 3, 4}));
  EXPECT_EQ(select_passages(passages, order, {.tokens = 250, .count = 9, .per_page = 9}).size(),
            2u);
  EXPECT_EQ(select_passages(passages, order, {.tokens = 10, .count = 9, .per_page = 9}).size(), 1u);
  // The sixth repeats the first.
  EXPECT_EQ(select_passages(passages, order, {.tokens = 1000, .count = 9, .per_page = 9}).size(),
            5u);
}

TEST(RerankOrder, WordsAndRelevanceAddUpAndTheRestStays) {
  const std::vector<double> words = {1, 5, 4, 3, 0.5};
  const std::vector<std::size_t> order = {1, 2, 3, 0, 4};
  const std::vector<float> relevance = {-9, -2, -7};
  EXPECT_EQ(rerank_order(order, words, relevance), (std::vector<std::size_t>{2, 1, 3, 0, 4}));
  EXPECT_EQ(rerank_order(order, words, {}), order);
  // As good as each other: the words' order stands.
  EXPECT_EQ(rerank_order({0, 1}, std::vector<double>{2, 2}, std::vector<float>{1, 1}),
            (std::vector<std::size_t>{0, 1}));
}

}  // namespace
}  // namespace seine::answer
