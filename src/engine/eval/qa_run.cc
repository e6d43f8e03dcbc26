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

struct QaSums {
  double exact = 0;
  double f1 = 0;
  double answered = 0;
  double cited = 0;
  double literal = 0;

  void add(const Item& item, const std::optional<SpanAnswer>& answer) {
    if (!answer) return;
    ++answered;
    const std::string& passage = item.asked.passages[answer->passage];
    literal += passage.find(answer->text) != std::string::npos ? 1 : 0;
    cited += item.shown[answer->passage] == item.question->passage ? 1 : 0;
    const QaScore score = score_answer(answer->text, item.question->answers);
    exact += score.exact;
    f1 += score.f1;
  }
};

double percent(double part, double whole) {
  return whole > 0 ? 100 * part / whole : 0;
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
    sums.add(item, choose_span(reading, item.asked, engine.tokenizer(), settings.spans));
    for (std::size_t t = 0; t < kThresholds.size(); ++t) {
      SpanSettings spans = settings.spans;
      spans.refusal_max = spans.refusal_max_zh = kThresholds[t];
      others[t].add(item, choose_span(reading, item.asked, engine.tokenizer(), spans));
    }
  }
  const double seconds = std::chrono::duration<double>(engine.clock().now() - began).count();
  const auto n = static_cast<double>(items.size());
  QaReport out{.questions = items.size(),
               .exact = percent(sums.exact, n),
               .f1 = percent(sums.f1, n),
               .answered = percent(sums.answered, n),
               .cited = percent(sums.cited, sums.answered),
               .literal = percent(sums.literal, sums.answered),
               .seconds_per_question = seconds / n,
               .tokens_per_second = seconds > 0 ? static_cast<double>(tokens) / seconds : 0,
               .thresholds = {}};
  for (std::size_t t = 0; t < kThresholds.size(); ++t) {
    out.thresholds.push_back({.refusal_max = kThresholds[t],
                              .exact = percent(others[t].exact, n),
                              .f1 = percent(others[t].f1, n),
                              .answered = percent(others[t].answered, n),
                              .cited = percent(others[t].cited, others[t].answered)});
  }
  return out;
}

Json to_json(const QaReport& report) {
  Json thresholds = Json::array();
  for (const QaReport::AtThreshold& at : report.thresholds) {
    thresholds.push_back({{"refusal_max", at.refusal_max},
                          {"exact_match", at.exact},
                          {"f1", at.f1},
                          {"answered", at.answered},
                          {"citation_precision", at.cited}});
  }
  return {{"suite", "qa"},
          {"questions", report.questions},
          {"exact_match", report.exact},
          {"f1", report.f1},
          {"answered", report.answered},
          {"citation_precision", report.cited},
          {"literal", report.literal},
          {"seconds_per_question", report.seconds_per_question},
          {"tokens_per_second", report.tokens_per_second},
          {"thresholds", std::move(thresholds)}};
}

}  // namespace seine::engine
