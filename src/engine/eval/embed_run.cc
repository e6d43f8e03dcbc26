#include "engine/eval/embed_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "engine/eval/answer_of.h"

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

struct Guess {
  std::string_view name;
  float likeness = -2;
};

// The means of the classes, each of length 1.
class Means {
 public:
  Means(const Rows& rows, const Vectors& vectors) {
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      if (rows.classes[i] == kOutside) continue;
      std::vector<float>& sum = means_[rows.classes[i]];
      sum.resize(vectors[i].size());
      for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += vectors[i][k];
    }
    for (auto& [name, mean] : means_) {
      const float length = std::sqrt(cosine(mean, mean));
      for (float& x : mean) x /= std::max(length, 1e-20f);
    }
  }
  std::size_t size() const { return means_.size(); }
  Guess nearest(std::span<const float> vector) const {
    Guess out;
    for (const auto& [name, mean] : means_) {
      const float likeness = cosine(mean, vector);
      if (likeness > out.likeness) out = {name, likeness};
    }
    return out;
  }

 private:
  std::map<std::string, std::vector<float>> means_;
};

// Where the rows outside and those inside are told apart best, each side counting alike.
double best_threshold(const Rows& rows, const Vectors& vectors, const Means& means) {
  std::vector<std::pair<float, bool>> order;  // likeness, is outside
  std::size_t outside = 0;
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    order.emplace_back(means.nearest(vectors[i]).likeness, rows.classes[i] == kOutside);
    outside += order.back().second ? 1 : 0;
  }
  if (outside == 0 || outside == order.size()) return -1;
  std::ranges::sort(order);
  const auto all_out = static_cast<double>(outside);
  const auto all_in = static_cast<double>(order.size() - outside);
  double caught = 0;
  double lost = 0;
  double best = 0;
  double threshold = -1;
  float before = -1;
  for (const auto& [likeness, is_outside] : order) {
    if (const double gain = caught / all_out - lost / all_in; gain > best) {
      best = gain;
      threshold = static_cast<double>(before + likeness) / 2;
    }
    before = likeness;
    (is_outside ? caught : lost) += 1;
  }
  return threshold;
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
  const Means means(known, learnt);
  if (means.size() == 0)
    return base::fail(Code::kInvalidArgument, "train: every row is of class '{}'", kOutside);
  out.classes = means.size();
  out.threshold = best_threshold(known, learnt, means);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const Guess guess = means.nearest(vectors[i]);
    const bool refused = static_cast<double>(guess.likeness) < out.threshold;
    if (asked.classes[i] == kOutside) {
      ++out.outside;
      out.outside_recall += refused ? 1 : 0;
    } else {
      ++out.queries;
      out.accuracy += !refused && guess.name == asked.classes[i] ? 1 : 0;
    }
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
          {"threshold", report.threshold},
          {"texts_per_second", report.texts_per_second}};
}

}  // namespace seine::engine
