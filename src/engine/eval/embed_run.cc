#include "engine/eval/embed_run.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "engine/eval/answer_of.h"
#include "engine/eval/intent_head.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Json;
using base::Result;

constexpr std::size_t kBatch = 256;  // texts a request
constexpr std::string_view kOutside = "oos";

class Speed {
 public:
  double texts_per_second(std::size_t texts) const {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    return static_cast<double>(texts) / std::max(took.count(), 1e-9);
  }

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

float cosine(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

struct Rows {
  std::vector<std::string> texts;
  std::vector<std::string> classes;
};

Result<Rows> parse_intents(std::string_view lines, std::string_view what) {
  Rows out;
  SEINE_CHECK(each_row(lines, what, [&](const Json& row) -> Result<> {
    std::vector<std::string> several = SEINE_TRY(texts_in(row, "intents"));
    std::ranges::sort(several);
    out.texts.push_back(SEINE_TRY(base::require<std::string>(row, "text")));
    out.classes.push_back(several.empty() ? SEINE_TRY(base::require<std::string>(row, "intent"))
                                          : base::join(several, "+"));
    return {};
  }));
  if (out.texts.empty()) return base::fail(Code::kInvalidArgument, "{}: there are no rows", what);
  return out;
}

double percent(double part, std::size_t whole) {
  return whole == 0 ? 0 : 100 * part / static_cast<double>(whole);
}

}  // namespace

Result<Vectors> embed_all(llm::Embedder& embedder, std::span<const std::string> texts,
                          llm::EmbedKind kind, const EmbedRunSettings& settings) {
  Vectors out;
  while (out.size() < texts.size()) {
    const auto part = texts.subspan(out.size(), std::min(kBatch, texts.size() - out.size()));
    llm::EmbedRequest request{.model = embedder.models().front().id,
                              .texts = {part.begin(), part.end()},
                              .kind = kind,
                              .dimensions = settings.dimensions};
    llm::Embeddings got = SEINE_TRY(answer_of<llm::Embeddings>([&](auto done) {
      embedder.embed(std::move(request), base::Deadline::never(), {}, std::move(done));
    }));
    std::ranges::move(got.vectors, std::back_inserter(out));
    if (settings.progress && !settings.progress(out.size(), texts.size()))
      return base::fail(Code::kCancelled, "the evaluation was cancelled");
  }
  return out;
}

Result<RankReport> run_ranking(llm::Embedder& embedder, std::string_view entries,
                               std::string_view queries, const EmbedRunSettings& settings) {
  const RankEntries known = SEINE_TRY(parse_entries(entries));
  const RankQueries asked = SEINE_TRY(parse_queries(queries, known, settings.queries));
  const Speed speed;
  const Vectors passages =
      SEINE_TRY(embed_all(embedder, known.texts, llm::EmbedKind::kPassage, settings));
  const Vectors questions =
      SEINE_TRY(embed_all(embedder, asked.texts, llm::EmbedKind::kQuery, settings));
  const double texts_per_second = speed.texts_per_second(passages.size() + questions.size());
  RankCount count(known.number.size());
  std::vector<float> scores(known.number.size());
  for (std::size_t q = 0; q < questions.size(); ++q) {
    std::ranges::fill(scores, -std::numeric_limits<float>::infinity());
    for (std::size_t i = 0; i < passages.size(); ++i) {
      float& score = scores[known.entry[i]];
      score = std::max(score, cosine(passages[i], questions[q]));
    }
    float right = -std::numeric_limits<float>::infinity();
    for (const std::size_t entry : asked.right[q]) right = std::max(right, scores[entry]);
    // Entries that are as near as the right one stand before it.
    count.add(static_cast<std::size_t>(
                  std::ranges::count_if(scores, [right](float score) { return score >= right; })) -
              1);
  }
  RankReport out = count.report();
  out.texts_per_second = texts_per_second;
  return out;
}

Result<IntentReport> run_intent(llm::Embedder& embedder, std::string_view train,
                                std::string_view test, const EmbedRunSettings& settings) {
  const Rows known = SEINE_TRY(parse_intents(train, "train"));
  const Rows asked = SEINE_TRY(parse_intents(test, "test"));
  const Speed speed;
  const auto kind = llm::EmbedKind::kQuery;
  const Vectors learnt = SEINE_TRY(embed_all(embedder, known.texts, kind, settings));
  const Vectors vectors = SEINE_TRY(embed_all(embedder, asked.texts, kind, settings));
  IntentReport out;
  out.texts_per_second = speed.texts_per_second(learnt.size() + vectors.size());
  std::vector<std::string> names = known.classes;
  std::ranges::sort(names);
  const auto [first, last] = std::ranges::unique(names);
  names.erase(first, last);
  std::vector<std::size_t> classes;
  for (const std::string& name : known.classes) {
    classes.push_back(
        static_cast<std::size_t>(std::ranges::lower_bound(names, name) - names.begin()));
  }
  out.classes = names.size() - static_cast<std::size_t>(std::ranges::count(names, kOutside));
  if (out.classes == 0)
    return base::fail(Code::kInvalidArgument, "train: every row is of class '{}'", kOutside);
  const IntentHead head = IntentHead::fit(known.texts, learnt, classes, names.size());
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const bool is_right = names[head.guess(asked.texts[i], vectors[i])] == asked.classes[i];
    const bool is_outside = asked.classes[i] == kOutside;
    ++(is_outside ? out.outside : out.queries);
    (is_outside ? out.outside_recall : out.accuracy) += is_right ? 1 : 0;
  }
  out.accuracy = percent(out.accuracy, out.queries);
  out.outside_recall = percent(out.outside_recall, out.outside);
  return out;
}

Json to_json(const IntentReport& report) {
  return {{"classes", report.classes},
          {"queries", report.queries},
          {"accuracy", report.accuracy},
          {"out_of_scope", report.outside},
          {"out_of_scope_recall", report.outside_recall},
          {"texts_per_second", report.texts_per_second}};
}

}  // namespace seine::engine
