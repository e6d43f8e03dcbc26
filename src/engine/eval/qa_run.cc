#include "engine/eval/qa_run.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/json.h"
#include "base/random.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Json;
using base::Result;

constexpr std::array kThresholds = {0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0};

// CRC-32 (IEEE 802.3), as training/prepare.py takes of titles.
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0xEDB88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

struct Item {
  const QaQuestion* question = nullptr;
  SpanQuestion asked;
  std::vector<std::size_t> shown;  // passages of the set
  bool answerable = false;

  bool is_right(std::size_t index) const { return answerable && shown[index] == question->passage; }
};

std::vector<Item> items_of(const QaSet& set, const QaRunSettings& settings) {
  std::vector<const QaQuestion*> chosen;
  for (const QaQuestion& question : set.questions) {
    if (settings.articles_per_mille > 0 &&
        crc32(set.titles[question.passage]) % 1000 >= settings.articles_per_mille)
      continue;
    chosen.push_back(&question);
  }
  const std::size_t count =
      settings.questions == 0 ? chosen.size() : std::min(settings.questions, chosen.size());
  std::optional<NearPassages> near;
  if (settings.distractors > 0 || settings.missing) near.emplace(set);
  base::SeededRandom random(5);
  std::vector<Item> out;
  for (std::size_t i = 0; i < count; ++i) {
    Item item{.question = chosen[i * chosen.size() / count], .asked = {}, .shown = {}};
    item.answerable = !settings.missing && !item.question->answers.empty();
    if (near) item.shown = near->find(*item.question, settings.distractors);
    if (!settings.missing) item.shown.push_back(item.question->passage);
    for (std::size_t k = item.shown.size(); k > 1; --k)
      std::swap(item.shown[k - 1], item.shown[random.below(k)]);
    if (item.shown.empty()) continue;
    item.asked.question = item.question->question;
    item.asked.seed = random.next_u64();
    for (const std::size_t passage : item.shown)
      item.asked.passages.push_back(set.passages[passage]);
    out.push_back(std::move(item));
  }
  return out;
}

// Reads one question after the other; all prompts of a question share a batch.
Result<SpanReading> read_one(Engine& engine, const SpanFormat& format, const SpanQuestion& asked,
                             SpanStrategy strategy) {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Result<SpanReading>> got;
  SEINE_CHECK(read_passages(engine, format, asked, strategy, {}, [&](Result<SpanReading> reading) {
    const std::lock_guard lock(mutex);
    got = std::move(reading);
    changed.notify_all();
  }));
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return got.has_value(); });
  return *std::move(got);
}

double percent(double part, double whole) {
  return whole > 0 ? 100 * part / whole : 0;
}

class QaSums {
 public:
  void add(const Item& item, const std::optional<SpanAnswer>& answer) {
    (item.answerable ? answerable_ : unanswerable_) += 1;
    if (!answer) {
      caught_ += item.answerable ? 0 : 1;
      return;
    }
    ++given_;
    const std::string& passage = item.asked.passages[answer->passage];
    literal_ += passage.find(answer->text) != std::string::npos ? 1 : 0;
    if (!item.answerable) return;
    ++answered_;
    cited_ += item.is_right(answer->passage) ? 1 : 0;
    const QaScore score = score_answer(answer->text, item.question->answers);
    exact_ += score.exact;
    f1_ += score.f1;
  }
  QaFigures figures() const {
    return {.exact = percent(exact_, answerable_),
            .f1 = percent(f1_, answerable_),
            .answered = percent(answered_, answerable_),
            .cited = percent(cited_, answered_),
            .caught = percent(caught_, unanswerable_)};
  }
  double literal() const { return percent(literal_, given_); }
  std::size_t unanswerable() const { return static_cast<std::size_t>(unanswerable_); }

 private:
  double answerable_ = 0;
  double unanswerable_ = 0;
  double exact_ = 0;
  double f1_ = 0;
  double answered_ = 0;
  double cited_ = 0;
  double caught_ = 0;
  double given_ = 0;
  double literal_ = 0;
};

Json to_json(const QaFigures& figures) {
  return {{"exact_match", figures.exact},
          {"f1", figures.f1},
          {"answered", figures.answered},
          {"citation_precision", figures.cited},
          {"caught", figures.caught}};
}

QaCase case_of(const Item& item, const SpanReading& reading,
               const std::optional<SpanAnswer>& answer, const Tokenizer& tokenizer) {
  QaCase out{.question = item.asked.question,
             .answers = item.answerable ? item.question->answers : std::vector<std::string>{},
             .given = answer ? answer->text : "",
             .parts = {}};
  if (answer) {
    out.f1 = score_answer(answer->text, out.answers).f1;
    out.cited_right = item.is_right(answer->passage);
  }
  for (const SpanPart& part : reading.parts) {
    QaCase::Part told{.refusal = part.outcome.refusal, .span = {}};
    if (!part.outcome.candidates.empty()) {
      const SpanCandidate& best = part.outcome.candidates.front();
      told.score = best.total;
      told.span = span_text(best, tokenizer);
      told.holds_answer = item.is_right(part.passages[best.passage]);
    }
    out.parts.push_back(std::move(told));
  }
  return out;
}

}  // namespace

Result<QaReport> run_qa(Engine& engine, const QaSet& set, const QaRunSettings& settings) {
  const std::optional<SpanFormat> format = SpanFormat::of(engine.tokenizer());
  if (!format)
    return base::fail(Code::kFailedPrecondition, "model '{}' does not answer from passages",
                      engine.id());
  const std::vector<Item> items = items_of(set, settings);
  if (items.empty()) return base::fail(Code::kInvalidArgument, "the set has no questions");
  QaSums sums;
  std::array<QaSums, kThresholds.size()> others;
  std::uint64_t tokens = 0;
  const base::TimePoint began = engine.clock().now();
  for (const Item& item : items) {
    const SpanReading reading =
        SEINE_TRY(read_one(engine, *format, item.asked, settings.spans.strategy));
    tokens += reading.usage.prompt_tokens;
    const std::optional<SpanAnswer> answer =
        choose_span(reading, item.asked, engine.tokenizer(), settings.spans);
    sums.add(item, answer);
    if (settings.each) settings.each(case_of(item, reading, answer, engine.tokenizer()));
    for (std::size_t t = 0; t < kThresholds.size(); ++t) {
      SpanSettings spans = settings.spans;
      spans.refusal_max = spans.refusal_max_zh = kThresholds[t];
      others[t].add(item, choose_span(reading, item.asked, engine.tokenizer(), spans));
    }
  }
  const double seconds = std::chrono::duration<double>(engine.clock().now() - began).count();
  QaReport out{.questions = items.size(),
               .unanswerable = sums.unanswerable(),
               .figures = sums.figures(),
               .literal = sums.literal(),
               .seconds_per_question = seconds / static_cast<double>(items.size()),
               .tokens_per_second = seconds > 0 ? static_cast<double>(tokens) / seconds : 0,
               .thresholds = {}};
  for (std::size_t t = 0; t < kThresholds.size(); ++t) {
    out.thresholds.push_back({.refusal_max = kThresholds[t], .figures = others[t].figures()});
  }
  return out;
}

Json to_json(const QaReport& report) {
  Json out = to_json(report.figures);
  out["suite"] = "qa";
  out["questions"] = report.questions;
  out["unanswerable"] = report.unanswerable;
  out["literal"] = report.literal;
  out["seconds_per_question"] = report.seconds_per_question;
  out["tokens_per_second"] = report.tokens_per_second;
  Json& thresholds = out["thresholds"] = Json::array();
  for (const QaReport::AtThreshold& at : report.thresholds) {
    Json row = to_json(at.figures);
    row["refusal_max"] = at.refusal_max;
    thresholds.push_back(std::move(row));
  }
  return out;
}

Json to_json(const QaCase& one) {
  Json parts = Json::array();
  for (const QaCase::Part& part : one.parts) {
    parts.push_back({{"refusal", part.refusal},
                     {"score", part.score},
                     {"span", part.span},
                     {"holds_answer", part.holds_answer}});
  }
  return {{"question", one.question},
          {"answers", one.answers},
          {"given", one.given},
          {"f1", one.f1},
          {"cited_right", one.cited_right},
          {"parts", std::move(parts)}};
}

}  // namespace seine::engine
