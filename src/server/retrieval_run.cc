#include "server/retrieval_run.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "answer/rank/bm25.h"
#include "answer/rank/select.h"
#include "engine/eval/answer_of.h"

namespace seine::server {

using base::Result;

namespace {

constexpr std::size_t kNearestMax = 16;
constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

// `order` with the nearest by vectors behind its first `best`, where they do not stand there
// already.
std::vector<std::size_t> with_nearest(std::vector<std::size_t> order, std::size_t best,
                                      const engine::Vectors& texts, std::span<const float> query) {
  std::vector<double> likeness;
  likeness.reserve(texts.size());
  for (const std::vector<float>& text : texts) likeness.push_back(answer::dot(text, query));
  std::vector<std::size_t> nearest = answer::ranking(likeness, -2);
  nearest.resize(std::min(kNearestMax, nearest.size()));
  const auto stands = [](std::span<const std::size_t> list) {
    return [list](std::size_t index) { return std::ranges::find(list, index) != list.end(); };
  };
  const std::vector<std::size_t> first(order.begin(),
                                       order.begin() + static_cast<std::ptrdiff_t>(best));
  std::erase_if(nearest, stands(first));
  std::erase_if(order, stands(first));
  std::erase_if(order, stands(nearest));
  std::vector<std::size_t> out = first;
  out.insert(out.end(), nearest.begin(), nearest.end());
  out.insert(out.end(), order.begin(), order.end());
  return out;
}

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

Result<engine::RankReport> run_retrieval(llm::Embedder& embedder, llm::Reranker& reranker,
                                         std::string_view entries, std::string_view queries,
                                         const engine::EmbedRunSettings& settings) {
  const engine::RankEntries known = SEINE_TRY(engine::parse_entries(entries));
  const engine::RankQueries asked =
      SEINE_TRY(engine::parse_queries(queries, known, settings.queries));
  answer::Bm25 index;
  for (const std::string& text : known.texts) index.add("", text);
  const engine::Vectors texts =
      SEINE_TRY(engine::embed_all(embedder, known.texts, llm::EmbedKind::kPassage, settings));
  const engine::Vectors questions =
      SEINE_TRY(engine::embed_all(embedder, asked.texts, llm::EmbedKind::kQuery, settings));
  const auto began = std::chrono::steady_clock::now();
  std::size_t pairs = 0;
  engine::RankCount count(known.number.size());
  for (std::size_t q = 0; q < asked.texts.size(); ++q) {
    const std::vector<double> words = index.scores(asked.texts[q]);
    std::vector<std::size_t> order = answer::ranking(words);
    const std::size_t best = std::min(order.size(), answer::kRerankMax);
    order = with_nearest(std::move(order), best, texts, questions[q]);
    llm::RerankRequest request{.model = "", .query = asked.texts[q], .passages = {}};
    for (const std::size_t at : std::span(order).first(std::min(order.size(), best + kNearestMax)))
      request.passages.push_back(known.texts[at]);
    pairs += request.passages.size();
    const std::vector<float> relevance =
        SEINE_TRY(engine::answer_of<std::vector<float>>([&](auto done) {
          reranker.rerank(std::move(request), base::Deadline::never(), {}, std::move(done));
        }));
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
