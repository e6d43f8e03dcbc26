// Retrieval quality and speed of the text index on question-passage sets of ../shared/data/qa: the
// share of questions whose passage is first, or among the first five. Also tokenizer and write
// speed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/json.h"
#include "base/random.h"
#include "store/detail/temporary_directory.h"
#include "store/text_index.h"
#include "store/tokenizer.h"

namespace seine::store {
namespace {

struct Question {
  std::string text;
  std::string passage;
};

struct Set {
  std::vector<Document> documents;
  std::vector<Question> questions;
};

std::string read_xz(const std::string& path) {
  std::string out;
  const std::string command = "xz -dc '" + path + "' 2>/dev/null";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[65536];
  for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    out.append(buffer, got);
  ::pclose(pipe);
  return out;
}

Set load(const std::string& name, std::size_t questions_max) {
  const char* shared = std::getenv("SEINE_SHARED");
  const std::string folder = shared != nullptr ? shared : SEINE_SOURCE_DIR "/../shared";
  const std::string text = read_xz(folder + "/data/qa/" + name + ".jsonl.xz");
  Set set;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const auto row = base::parse_json(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (!row) continue;
    Document document;
    document.id = std::to_string(set.documents.size());
    document.title = base::get_or<std::string>(*row, "title", "").value_or("");
    std::ranges::replace(document.title, '_', ' ');
    document.body = base::get_or<std::string>(*row, "context", "").value_or("");
    if (const base::Json* qas = base::find(*row, "qas")) {
      for (const base::Json& qa : *qas) {
        set.questions.push_back({base::get_or<std::string>(qa, "q", "").value_or(""), document.id});
      }
    }
    set.documents.push_back(std::move(document));
  }
  // A fixed sample, the same at every run.
  base::SeededRandom random(1);
  for (std::size_t i = set.questions.size(); i > 1; --i) {
    std::swap(set.questions[i - 1], set.questions[random.below(i)]);
  }
  if (set.questions.size() > questions_max) set.questions.resize(questions_max);
  return set;
}

void retrieve(benchmark::State& state, const char* passages, const char* questions,
              double title_weight) {
  Set set = load(passages, 2000);
  if (set.documents.empty()) {
    state.SkipWithError("skipped: no ../shared");
    return;
  }
  if (questions != nullptr) set.questions = load(questions, 2000).questions;
  const detail::TemporaryDirectory dir;
  auto database = *Database::open(dir / "a.db");
  auto index = *TextIndex::open(*database);
  (void)index->create_collection("c");
  std::size_t bytes = 0;
  const auto before = std::chrono::steady_clock::now();
  for (std::size_t at = 0; at < set.documents.size(); at += 500) {
    const std::size_t end = std::min(at + 500, set.documents.size());
    const auto batch = std::span(set.documents).subspan(at, end - at);
    for (const Document& document : batch) bytes += document.body.size();
    if (!index->apply("c", batch)) return state.SkipWithError("apply failed");
  }
  const std::chrono::duration<double> indexing = std::chrono::steady_clock::now() - before;

  std::size_t first = 0;
  std::size_t five = 0;
  std::vector<double> ms;
  for (auto _ : state) {
    first = five = 0;
    ms.clear();
    for (const Question& question : set.questions) {
      const auto start = std::chrono::steady_clock::now();
      const auto hits = index->search(
          "c",
          {.text = question.text, .limit = 5, .snippet_bytes = 0, .title_weight = title_weight});
      ms.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
              .count());
      if (!hits) return state.SkipWithError("search failed");
      for (std::size_t i = 0; i < hits->size(); ++i) {
        if ((*hits)[i].id != question.passage) continue;
        ++five;
        if (i == 0) ++first;
      }
    }
  }
  std::ranges::sort(ms);
  const auto share = [&](std::size_t n) {
    return 100.0 * static_cast<double>(n) / static_cast<double>(set.questions.size());
  };
  state.counters["R@1"] = share(first);
  state.counters["R@5"] = share(five);
  state.counters["p50_ms"] = ms[ms.size() / 2];
  state.counters["p95_ms"] = ms[ms.size() * 95 / 100];
  state.counters["index_MB/s"] = static_cast<double>(bytes) / 1e6 / indexing.count();
  state.counters["passages"] = static_cast<double>(set.documents.size());
}

void tokenize(benchmark::State& state, const char* name) {
  std::string text;
  for (const Document& document : load(name, 1).documents) {
    text += document.body + '\n';
    if (text.size() > (4 << 20)) break;
  }
  if (text.empty()) return state.SkipWithError("skipped: no ../shared");
  Tokenizer tokenizer;
  std::size_t count = 0;
  for (auto _ : state) {
    tokenizer.run(text, [&](const Token&) {
      ++count;
      return true;
    });
  }
  benchmark::DoNotOptimize(count);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

BENCHMARK_CAPTURE(tokenize, english, "squad11_train.en")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(tokenize, chinese, "drcd_dev.zh-hant")->Unit(benchmark::kMillisecond);
#define RETRIEVE(NAME, ...) \
  BENCHMARK_CAPTURE(retrieve, NAME, __VA_ARGS__)->Iterations(1)->Unit(benchmark::kMillisecond)
RETRIEVE(squad_title0, "squad11_train.en", nullptr, 0.0);
RETRIEVE(squad, "squad11_train.en", nullptr, 1.0);
RETRIEVE(squad_title2, "squad11_train.en", nullptr, 2.0);
RETRIEVE(cmrc, "cmrc2018_trial.zh-hans", nullptr, 1.0);
RETRIEVE(drcd_simplified, "drcd_dev.t2s.zh-hans", nullptr, 1.0);
RETRIEVE(drcd_traditional_on_simplified, "drcd_dev.t2s.zh-hans", "drcd_dev.zh-hant", 1.0);

}  // namespace
}  // namespace seine::store
