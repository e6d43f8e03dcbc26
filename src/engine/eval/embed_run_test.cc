#include "engine/eval/embed_run.h"

#include <gtest/gtest.h>

#include <cmath>

namespace seine::engine {
namespace {

// Counts letters: texts with the same letters are the same vector.
class Letters final : public llm::Embedder {
 public:
  std::vector<llm::ModelInfo> models() const override {
    return {{.id = "letters", .owned_by = "test"}};
  }
  void embed(llm::EmbedRequest request, base::Deadline, std::stop_token,
             std::function<void(base::Result<llm::Embeddings>)> done) override {
    llm::Embeddings out;
    for (const std::string& text : request.texts) {
      std::vector<float> vector(26);
      float square = 0;
      for (const char c : text)
        if (c >= 'a' && c <= 'z') ++vector[static_cast<std::size_t>(c - 'a')];
      for (const float x : vector) square += x * x;
      for (float& x : vector) x /= std::sqrt(std::max(square, 1.0f));
      out.vectors.push_back(std::move(vector));
    }
    done(std::move(out));
  }
};

TEST(Ranking, CountsTheRanksOfTheRightEntries) {
  Letters embedder;
  const std::string entries = R"({"id": "1", "title": "aab", "text": ""}
{"id": 2, "title": "ccd", "texts": ["xx", "yz"]}
{"id": "3", "text": "ef"}
)";
  // Found at once by a phrasing, at once, and third.
  const std::string queries = R"({"q": "zy", "rel": [2]}
{"q": "fe", "rel": ["3"]}

{"q": "fex", "rel": ["1"]}
)";
  const auto report = run_ranking(embedder, entries, queries, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->entries, 3U);
  EXPECT_EQ(report->queries, 3U);
  EXPECT_NEAR(report->recall_1, 200.0 / 3, 1e-9);
  EXPECT_NEAR(report->recall_5, 100.0, 1e-9);
  EXPECT_NEAR(report->reciprocal_rank, (1 + 1 + 1.0 / 3) / 3, 1e-9);
}

TEST(Ranking, ErrorsNameTheLine) {
  Letters embedder;
  const std::string entries = "{\"id\": \"1\", \"text\": \"a\"}\n";
  const auto run = [&](std::string_view rows, std::string_view queries) {
    return run_ranking(embedder, rows, queries, {}).error().message;
  };
  EXPECT_NE(run(entries, "\n{\"q\": \"a\", \"rel\": [\"9\"]}").find("queries, line 2"),
            std::string::npos);
  EXPECT_NE(run(entries, "{\"q\": \"a\", \"rel\": []}").find("names no entry"), std::string::npos);
  EXPECT_NE(run(entries + entries, "").find("occurs twice"), std::string::npos);
  EXPECT_NE(run("{", "").find("entries, line 1"), std::string::npos);
  EXPECT_NE(run("", "").find("no entries"), std::string::npos);
}

TEST(Intent, LearnsClassesAndWhatIsOfNone) {
  Letters embedder;
  const std::string train = R"({"text": "aa", "intent": "a"}
{"text": "aaab", "intent": "a"}
{"text": "zz", "intents": ["z", "y"]}
{"text": "q", "intent": "oos"}
{"text": "qqqqqa", "intent": "oos"}
)";
  const std::string test = R"({"text": "ab", "intent": "a"}
{"text": "z", "intents": ["y", "z"]}
{"text": "qq", "intent": "oos"}
)";
  const auto report = run_intent(embedder, train, test, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->classes, 2U);
  EXPECT_EQ(report->queries, 2U);
  EXPECT_EQ(report->outside, 1U);
  EXPECT_EQ(report->outside_recall, 100);
  EXPECT_EQ(report->accuracy, 100);
  EXPECT_FALSE(run_intent(embedder, "{\"text\": \"a\", \"intent\": \"oos\"}", test, {}));
  EXPECT_NE(run_intent(embedder, train, "{\"text\": 1}", {}).error().message.find("test, line 1"),
            std::string::npos);
}

}  // namespace
}  // namespace seine::engine
