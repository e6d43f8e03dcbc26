#include "server/retrieval_run.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace seine::server {
namespace {

// Ranks passages with a mark first, or fails; its vectors tell hills from all else.
class Marked final : public llm::Embedder, public llm::Reranker {
 public:
  explicit Marked(bool broken = false) : broken_(broken) {}
  std::vector<llm::ModelInfo> models() const override { return {{.id = "m", .owned_by = "test"}}; }
  void embed(llm::EmbedRequest request, base::Deadline, std::stop_token,
             std::function<void(base::Result<llm::Embeddings>)> done) override {
    llm::Embeddings out;
    for (const std::string& text : request.texts) {
      const bool hill = text.find("hill") != std::string::npos || text == "mountain";
      out.vectors.push_back({hill ? 1.0F : 0.0F, hill ? 0.0F : 1.0F});
    }
    done(std::move(out));
  }
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
{"q": "mountain", "rel": [3]}
{"q": "nothing", "rel": [3]}
)";
  const auto report = run_retrieval(reranker, reranker, kEntries, queries, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->entries, 3U);
  EXPECT_EQ(report->queries, 4U);
  // The marked one is first, the other river second. Where no word finds anything the marked one is
  // first again, behind it the nearest by vectors.
  EXPECT_NEAR(report->recall_1, 25, 1e-9);
  EXPECT_NEAR(report->recall_5, 100, 1e-9);
  EXPECT_NEAR(report->reciprocal_rank, (1 + 0.5 + 0.5 + 1.0 / 3) / 4, 1e-9);
}

TEST(RetrievalRun, FailsAsTheModelDoesAndStopsWhenTold) {
  Marked broken(true);
  const std::string query = R"({"q": "river", "rel": [2]})";
  EXPECT_EQ(run_retrieval(broken, broken, kEntries, query, {}).error().code,
            base::Code::kUnavailable);
  Marked reranker;
  EXPECT_EQ(run_retrieval(reranker, reranker, kEntries, query,
                          {.progress = [](std::size_t, std::size_t) { return false; }})
                .error()
                .code,
            base::Code::kCancelled);
}

}  // namespace
}  // namespace seine::server
