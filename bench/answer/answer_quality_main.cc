// Answer quality without a network: each passage of a question-answering set is a page, the store's
// text index is the search, and questions go through the whole of module answer. Prints one JSON
// object: hit rates, F1, citation precision and recall, what was not found, times, and cases that
// failed.
//
//   seine_answer_quality FILE.jsonl --pages 2000 --questions 300 [--skip 0] [--show 20]
//       [--model FILE.gguf [--dump FILE]] [--ranker FILE.gguf]
//
// --held-out N asks of those articles only whose title's CRC-32 is below N in a thousand: training
// held out 50 of SQuAD and 100 of DRCD. With a model that cites spans, what it read in each passage
// goes to the dump, a question a line. Questions whose page is left out of the pool (every fifth
// article) are the unanswerable ones.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <unordered_map>

#include "answer/answers.h"
#include "answer/plan/question.h"
#include "answer/rank/bm25.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/text.h"
#include "base/utf8.h"
#include "engine/engine.h"
#include "engine/generate/local_embedder.h"
#include "engine/spans/span_reader.h"
#include "store/text_index.h"

namespace {

using namespace seine;
using base::Json;

struct Item {
  std::string title;
  std::string context;
  std::uint32_t place = 0;  // of its article's title, in a thousand
  std::vector<std::pair<std::string, std::vector<std::string>>> questions;
};

// As training/prepare.py parts the articles: those with a small number were never trained on.
std::uint32_t place_of(std::string_view title) {
  std::uint32_t crc = ~0U;
  for (const char c : title) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0);
  }
  return ~crc % 1000;
}

std::vector<Item> load(const char* path) {
  std::vector<Item> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto json = base::parse_json(line);
    if (!json) continue;
    Item item{base::get_or<std::string>(*json, "title", "").value_or(""),
              base::get_or<std::string>(*json, "context", "").value_or(""),
              0,
              {}};
    item.place = place_of(item.title);
    std::ranges::replace(item.title, '_', ' ');
    for (const Json& qa : (*json)["qas"]) {
      std::vector<std::string> answers;
      for (const Json& answer : qa["a"]) answers.push_back(answer.get<std::string>());
      item.questions.emplace_back(qa["q"].get<std::string>(), std::move(answers));
    }
    out.push_back(std::move(item));
  }
  return out;
}

class Library final : public answer::Search, public answer::Pages {
 public:
  Library(store::Database& database, const std::vector<Item>& items, std::size_t pages)
      : index_(*store::TextIndex::open(database)) {
    (void)index_->create_collection("pages");
    std::vector<store::Document> batch;
    for (std::size_t i = 0; i < items.size() && texts_.size() < pages; ++i) {
      if (i % 5 == 4) continue;  // left out: its questions cannot be answered
      const std::string url = fmt::format("http://site.test/{}", i);
      answer::Page page{
          .url = url, .title = items[i].title, .markdown = items[i].context, .blocks = {}};
      page.blocks.push_back({"paragraph", {0, page.markdown.size()}, ""});
      batch.push_back({.id = url, .title = page.title, .heading = {}, .body = page.markdown});
      texts_.emplace(url, std::move(page));
      if (batch.size() == 500) flush(batch);
    }
    flush(batch);
  }

  void search(answer::SearchQuery query, base::Deadline, std::stop_token,
              std::function<void(base::Result<answer::SearchResult>)> done) override {
    const auto hits =
        index_->search("pages", {.text = query.text, .limit = query.limit, .snippet_bytes = 0});
    answer::SearchResult result;
    for (const store::Hit& hit : *hits) result.hits.push_back({.url = hit.id, .title = hit.title});
    done(std::move(result));
  }
  void read(answer::ReadRequest request, base::Deadline, std::stop_token,
            std::function<void(base::Result<answer::Page>)> done) override {
    done(texts_.at(request.url));
  }
  void read_site(answer::SiteRequest, base::Deadline, std::stop_token,
                 std::function<void(answer::PageRead)>,
                 std::function<void(base::Result<>)> done) override {
    done({});
  }
  bool holds(const std::string& url) const { return texts_.contains(url); }

 private:
  void flush(std::vector<store::Document>& batch) {
    (void)index_->apply("pages", batch);
    batch.clear();
  }
  std::unique_ptr<store::TextIndex> index_;
  std::unordered_map<std::string, answer::Page> texts_;
};

// The model as the service has it, which also writes down what it read in each passage.
class Reader final : public llm::Generator {
 public:
  Reader(std::shared_ptr<engine::Engine> engine, std::string dump)
      : engine_(std::move(engine)), format_(*engine::SpanFormat::of(engine_->tokenizer())) {
    if (!dump.empty()) dump_.open(dump);
  }

  std::vector<llm::ModelInfo> models() const override {
    return {{.id = engine_->id(),
             .owned_by = "bench",
             .context_tokens = static_cast<std::uint32_t>(engine_->context_tokens()),
             .cites_spans = true}};
  }

  base::Result<llm::StreamReader> generate(llm::ChatRequest request,
                                           base::Deadline deadline) override {
    const auto& wanted = std::get<llm::SpanConstraint>(request.constraint);
    const engine::SpanQuestion question{.question = request.messages.back().content,
                                        .passages = wanted.passages,
                                        .priors = wanted.priors,
                                        .deadline = deadline};
    if (dump_.is_open()) write_down(question);
    return engine::answer_with_span(*engine_, format_, question, {});
  }

 private:
  void write_down(const engine::SpanQuestion& question) {
    std::promise<base::Result<engine::SpanReading>> promise;
    auto future = promise.get_future();
    (void)engine::read_passages(*engine_, format_, question, engine::SpanStrategy::kApart, {},
                                [&](auto reading) { promise.set_value(std::move(reading)); });
    const auto reading = future.get();
    Json parts = Json::array();
    for (const engine::SpanPart& part : reading->parts) {
      if (part.outcome.candidates.empty()) continue;
      const engine::SpanCandidate& best = part.outcome.candidates.front();
      std::string text;
      for (const engine::TokenId id : best.tokens) text += engine_->tokenizer().bytes(id);
      const std::size_t passage = part.passages[best.passage];
      parts.push_back({{"passage", passage},
                       {"text", base::to_valid_utf8(text)},
                       {"total", best.total},
                       {"mean", best.span_mean()},
                       {"refusal", part.outcome.refusal},
                       {"prior", question.priors[passage]},
                       {"source", question.passages[passage]}});
    }
    dump_ << base::to_text({{"question", question.question}, {"parts", parts}}) << "\n";
    dump_.flush();
  }

  std::shared_ptr<engine::Engine> engine_;
  engine::SpanFormat format_;
  std::ofstream dump_;
};

// SQuAD's measure: words in English, characters in Chinese, punctuation and articles aside.
std::vector<std::string> units(std::string_view text, bool chinese) {
  std::vector<std::string> out;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty() && word != "a" && word != "an" && word != "the") out.push_back(word);
    word.clear();
  };
  for (std::size_t i = 0; i < text.size();) {
    const base::DecodedPoint point = base::decode_utf8(text.substr(i));
    const std::string_view bytes = text.substr(i, point.length);
    i += point.length;
    const bool letter = point.point < 0x80 ? std::isalnum(static_cast<int>(point.point)) != 0
                                           : point.point > 0xbf &&
                                                 !(point.point >= 0x2000 && point.point < 0x3040) &&
                                                 !(point.point >= 0xff00 && point.point < 0xff10);
    if (!letter) {
      end_word();
    } else if (chinese && point.point >= 0x80) {
      end_word();
      out.emplace_back(bytes);
    } else {
      word += base::ascii_lower(bytes);
    }
  }
  end_word();
  return out;
}

double f1(std::string_view a, std::string_view b, bool chinese) {
  const std::vector<std::string> x = units(a, chinese);
  const std::vector<std::string> y = units(b, chinese);
  std::map<std::string, int> counts;
  for (const std::string& unit : x) ++counts[unit];
  double same = 0;
  for (const std::string& unit : y) same += counts[unit]-- > 0 ? 1 : 0;
  return same == 0 ? 0 : 2 * same / static_cast<double>(x.size() + y.size());
}

bool contains(std::string_view text, const std::vector<std::string>& answers) {
  const auto lower = base::ascii_lower(text);
  return std::ranges::any_of(answers, [&](const std::string& answer) {
    return lower.find(base::ascii_lower(answer)) != std::string::npos;
  });
}

struct Score {
  std::size_t asked = 0, hit1 = 0, hit5 = 0, contained = 0, cited = 0, right_page = 0,
              right_quote = 0, not_found = 0;
  double f1_sum = 0;
};

double share(std::size_t part, std::size_t whole) {
  return whole == 0
             ? 0
             : std::round(1000.0 * static_cast<double>(part) / static_cast<double>(whole)) / 10;
}

double percentile(std::vector<double> list, double p) {
  if (list.empty()) return 0;
  std::ranges::sort(list);
  return list[static_cast<std::size_t>(p * static_cast<double>(list.size() - 1))];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: seine_answer_quality FILE.jsonl [--pages N] [--questions N] [--show N]\n",
               stderr);
    return 2;
  }
  std::map<std::string, std::size_t> option = {
      {"--pages", 2000}, {"--questions", 300}, {"--skip", 0}, {"--show", 15}, {"--held-out", 1000}};
  std::string model;
  std::string ranker;
  std::string dump;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--model") {
      model = argv[i + 1];
    } else if (name == "--ranker") {
      ranker = argv[i + 1];
    } else if (name == "--dump") {
      dump = argv[i + 1];
    } else {
      option[argv[i]] = base::parse_u64(argv[i + 1]).value_or(0);
    }
  }
  std::vector<Item> items = load(argv[1]);
  // The sets come by article: take them apart, the same way each time.
  base::SeededRandom random(7);
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
  if (items.size() > option["--pages"] * 5 / 4) items.resize(option["--pages"] * 5 / 4);

  const std::string folder =
      fmt::format("{}/seine-quality-{}", std::filesystem::temp_directory_path().string(), getpid());
  std::filesystem::create_directories(folder);
  base::SystemClock clock;
  base::SystemRandom secret;
  Score answerable, unanswerable;
  std::vector<double> times;
  Json failures = Json::array();
  {
    auto database =
        *store::Database::open(folder + "/db", {.durability = store::Durability::kRelaxed});
    Library library(*database, items, option["--pages"]);
    base::Metrics metrics;
    std::unique_ptr<Reader> reader;
    if (!model.empty()) {
      auto loaded = engine::Engine::load(model, {.id = "model"}, {clock, secret, metrics}, {}, {});
      if (!loaded) {
        std::fputs((loaded.error().message + "\n").c_str(), stderr);
        return 1;
      }
      reader = std::make_unique<Reader>(*std::move(loaded), dump);
    }
    std::unique_ptr<engine::LocalEmbedder> encoder;
    if (!ranker.empty()) {
      auto loaded =
          engine::Engine::load(ranker, {.id = "ranker"}, {clock, secret, metrics}, {}, {});
      if (!loaded) {
        std::fputs((loaded.error().message + "\n").c_str(), stderr);
        return 1;
      }
      encoder = std::make_unique<engine::LocalEmbedder>(*std::move(loaded));
    }
    answer::Answers answers({.search = &library,
                             .pages = &library,
                             .generator = reader.get(),
                             .reranker = encoder.get(),
                             .clock = clock,
                             .random = secret},
                            {});
    const bool chinese =
        answer::language_of_text(items.front().context) == base::Language::kChinese;
    std::size_t asked = 0;
    std::ofstream results;
    if (!dump.empty()) results.open(dump + ".results");
    for (std::size_t i = option["--skip"]; asked < option["--questions"] && i < items.size(); ++i) {
      if (items[i].questions.empty() || items[i].place >= option["--held-out"]) continue;
      const std::string gold = fmt::format("http://site.test/{}", i);
      const bool in_pool = library.holds(gold);
      const auto& [question, expected] = items[i].questions[i % items[i].questions.size()];
      ++asked;
      auto run = *answers.start({.question = question, .search = answer::SearchMode::kOn});
      const answer::Answer got = *run->log().wait(base::Deadline::never());
      times.push_back(static_cast<double>(got.total_ms));
      Score& score = in_pool ? answerable : unanswerable;
      ++score.asked;
      score.not_found += got.state == answer::AnswerState::kNotFound ? 1 : 0;
      for (std::size_t s = 0; s < got.sources.size() && s < 5; ++s) {
        if (got.sources[s].url != gold) continue;
        ++score.hit5;
        score.hit1 += s == 0 ? 1 : 0;
      }
      const std::string words = got.brief.empty() ? got.text : got.brief;
      double best = 0;
      for (const std::string& text : expected) best = std::max(best, f1(words, text, chinese));
      score.f1_sum += best;
      const bool right = contains(got.text, expected);
      if (!dump.empty()) {
        Json fit = nullptr;
        for (const answer::Step& step : got.steps) {
          if (step.kind == answer::StepKind::kGenerate && fit.is_null())
            fit = *base::parse_json(step.detail);
        }
        results << base::to_text({{"question", question},
                                  {"expected", expected},
                                  {"answerable", in_pool},
                                  {"by", answer::name_of(got.by)},
                                  {"right", right},
                                  {"text", got.text},
                                  {"step", fit}})
                << "\n";
        results.flush();
      }
      score.contained += right ? 1 : 0;
      for (const answer::Citation& citation : got.citations) {
        ++score.cited;
        const auto source = std::ranges::find(got.sources, citation.source_id, &answer::Source::id);
        score.right_page += source->url == gold ? 1 : 0;
        score.right_quote += contains(citation.quote, expected) ? 1 : 0;
      }
      if ((in_pool ? !right : !got.citations.empty()) && failures.size() < option["--show"]) {
        failures.push_back({{"question", question},
                            {"expected", expected},
                            {"got", got.text},
                            {"state", answer::name_of(got.state)},
                            {"answerable", in_pool}});
      }
    }
  }
  std::filesystem::remove_all(folder);
  const Json out = {
      {"questions", answerable.asked + unanswerable.asked},
      {"answerable", answerable.asked},
      {"hit_at_1", share(answerable.hit1, answerable.asked)},
      {"hit_at_5", share(answerable.hit5, answerable.asked)},
      {"answer_in_text", share(answerable.contained, answerable.asked)},
      {"f1", std::round(1000 * answerable.f1_sum /
                        static_cast<double>(std::max<std::size_t>(1, answerable.asked))) /
                 10},
      {"citation_right_page", share(answerable.right_page, answerable.cited)},
      {"citation_holds_answer", share(answerable.right_quote, answerable.cited)},
      {"answerable_said_not_found", share(answerable.not_found, answerable.asked)},
      {"unanswerable", unanswerable.asked},
      {"unanswerable_said_not_found", share(unanswerable.not_found, unanswerable.asked)},
      {"ms_p50", percentile(times, 0.5)},
      {"ms_p95", percentile(times, 0.95)},
      {"failures", failures}};
  std::puts(base::to_pretty_text(out).c_str());
  return 0;
}
