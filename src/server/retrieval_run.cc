#include "server/retrieval_run.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <utility>

#include "answer/rank/bm25.h"
#include "answer/rank/select.h"

namespace seine::server {

using base::Result;

namespace {

Result<std::vector<float>> rerank_now(llm::Reranker& reranker, llm::RerankRequest request) {
  std::promise<Result<std::vector<float>>> promise;
  auto got = promise.get_future();
  reranker.rerank(
      std::move(request), base::Deadline::never(), {},
      [&promise](Result<std::vector<float>> scores) { promise.set_value(std::move(scores)); });
  return got.get();
}

constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

// Entries that stand before the best right one in `order`.
std::size_t entries_before(const std::vector<std::size_t>& order,
                           const std::vector<std::size_t>& right,
                           const engine::RankEntries& known) {
  std::vector<std::size_t> before;
  for (const std::size_t text : order) {
    const std::size_t entry = known.entry[text];
    if (std::ranges::find(right, entry) != right.end()) return before.size();
    if (std::ranges::find(before, entry) == before.end()) before.push_back(entry);
  }
  return kNowhere;
}

}  // namespace

Result<engine::RankReport> run_retrieval(llm::Reranker& reranker, std::string_view entries,
                                         std::string_view queries,
                                         const engine::EmbedRunSettings& settings) {
  const engine::RankEntries known = SEINE_TRY(engine::parse_entries(entries));
  const engine::RankQueries asked =
      SEINE_TRY(engine::parse_queries(queries, known, settings.queries));
  answer::Bm25 index;
  for (const std::string& text : known.texts) index.add("", text);
  const auto began = std::chrono::steady_clock::now();
  std::size_t pairs = 0;
  engine::RankCount count(known.number.size());
  for (std::size_t q = 0; q < asked.texts.size(); ++q) {
    const std::vector<double> words = index.scores(asked.texts[q]);
    std::vector<std::size_t> order = answer::ranking(words);
    llm::RerankRequest request{.model = "", .query = asked.texts[q], .passages = {}};
    for (std::size_t i = 0; i < std::min(order.size(), answer::kRerankMax); ++i)
      request.passages.push_back(known.texts[order[i]]);
    pairs += request.passages.size();
    const std::vector<float> relevance = SEINE_TRY(rerank_now(reranker, std::move(request)));
    order = answer::rerank_order(std::move(order), words, relevance);
    count.add(entries_before(order, asked.right[q], known));
    if (settings.progress && !settings.progress(q + 1, asked.texts.size()))
      return base::fail(base::Code::kCancelled, "the evaluation was cancelled");
  }
  engine::RankReport out = count.report();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  out.texts_per_second = static_cast<double>(pairs) / std::max(took.count(), 1e-9);
  return out;
}

}  // namespace seine::server
