#include "server/retrieval_run.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace seine::server {
namespace {

// Likes passages with a mark, or fails.
class Marked final : public llm::Reranker {
 public:
  explicit Marked(bool broken = false) : broken_(broken) {}
  void rerank(llm::RerankRequest request, base::Deadline, std::stop_token,
              std::function<void(base::Result<std::vector<float>>)> done) override {
    if (broken_) return done(base::fail(base::Code::kUnavailable, "gone"));
    std::vector<float> scores;
    for (const std::string& text : request.passages)
      scores.push_back(text.find('!') == std::string::npos ? -50.0F : 0.0F);
    done(std::move(scores));
  }

 private:
  bool broken_;
};

constexpr std::string_view kEntries = R"({"id": 1, "title": "river", "text": "river river bank"}
{"id": 2, "title": "river", "text": "the river, as it is !"}
{"id": 3, "title": "hill", "text": "a hill"}
)";

TEST(RetrievalRun, WordsFindAndTheModelChooses) {
  Marked reranker;
  const std::string queries = R"({"q": "river", "rel": [2]}
{"q": "river", "rel": [1]}
{"q": "harbour", "rel": [3]}
)";
  const auto report = run_retrieval(reranker, kEntries, queries, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->entries, 3U);
  EXPECT_EQ(report->queries, 3U);
  EXPECT_NEAR(report->recall_1, 100.0 / 3, 1e-9);  // the marked one
  EXPECT_NEAR(report->recall_5, 200.0 / 3, 1e-9);  // no word of the third is anywhere
  EXPECT_NEAR(report->reciprocal_rank, 0.5, 1e-9);
}

TEST(RetrievalRun, FailsAsTheModelDoesAndStopsWhenTold) {
  Marked broken(true);
  const std::string query = R"({"q": "river", "rel": [2]})";
  EXPECT_EQ(run_retrieval(broken, kEntries, query, {}).error().code, base::Code::kUnavailable);
  Marked reranker;
  EXPECT_EQ(run_retrieval(reranker, kEntries, query,
                          {.progress = [](std::size_t, std::size_t) { return false; }})
                .error()
                .code,
            base::Code::kCancelled);
}

}  // namespace
}  // namespace seine::server
