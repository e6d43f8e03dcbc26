// The sets of saved pages: article-extraction, trafilatura-eval, readability-pages,
// gne-chinese-news.
#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "scoring.h"
#include "shingles.h"
#include "web/extract/html/parser.h"
#include "web/extract/metadata/date.h"
#include "web/extract/page.h"

namespace seine::web::conform {
namespace {

namespace fs = std::filesystem;

Page read_for_score(const std::string& bytes, const std::string& url) {
  PageOptions options;
  if (Url::parse(url)) options.url = url;
  options.links = false;
  options.images = false;
  return read_page(bytes, options).value_or(Page{});
}

// Block texts of saved "expected" HTML, so that words of neighbouring blocks do not run together.
std::string text_of_html(const std::string& bytes) {
  const auto document = html::parse(bytes);
  return join_text(
      write_blocks(document->root, {.base = nullptr, .links = false, .images = false}));
}

double f1(double precision, double recall) {
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

}  // namespace

Outcome score_article_extraction(const fs::path& dir) {
  Outcome outcome;
  const base::Json truth = read_json(dir / "ground-truth.json");
  const auto files = read_archive(dir / "html.tar.zst");
  double precision = 0, recall = 0;
  std::size_t precisions = 0, recalls = 0, equal = 0, pages = 0;
  std::vector<std::pair<double, std::string>> worst;
  for (const auto& [id, row] : truth.items()) {
    const auto file = files.find("html/" + id + ".html");
    if (file == files.end()) continue;
    const Page page = read_for_score(file->second, text_of(row, "url"));
    const Overlap overlap =
        shingle_overlap(word_tokens(text_of(row, "articleBody")), word_tokens(page.text()));
    ++pages;
    if (overlap.tp + overlap.fp > 0) {
      precision += overlap.precision();
      ++precisions;
    }
    if (overlap.tp + overlap.fn > 0) {
      recall += overlap.recall();
      ++recalls;
    }
    equal += overlap.equal ? 1U : 0U;
    worst.emplace_back(overlap.f1(), fmt::format("P {:.3f} R {:.3f} {} {} {}", overlap.precision(),
                                                 overlap.recall(), id.substr(0, 12),
                                                 text_of(row, "url").substr(0, 90),
                                                 page_failure_name(page.failure)));
  }
  precision /= static_cast<double>(std::max<std::size_t>(precisions, 1));
  recall /= static_cast<double>(std::max<std::size_t>(recalls, 1));
  outcome.metrics = {{"F1", f1(precision, recall), 0.97},
                     {"precision", precision, std::nullopt},
                     {"recall", recall, std::nullopt}};
  outcome.share("accuracy", equal, pages);
  std::ranges::sort(worst);
  for (const auto& [score, line] : worst) {
    if (score < 0.97) outcome.failures.push_back(fmt::format("F1 {:.3f} {}", score, line));
  }
  return outcome;
}

Outcome score_trafilatura(const fs::path& dir) {
  Outcome outcome;
  const base::Json rows = read_json(dir / "evaldata.json");
  const auto files = read_archive(dir / "html.tar.zst");
  std::size_t tp = 0, fn = 0, fp = 0, tn = 0;
  std::vector<std::pair<std::size_t, std::string>> worst;
  for (const auto& [url, row] : rows.items()) {
    const auto file = files.find("html/" + text_of(row, "file"));
    if (file == files.end()) continue;
    const Page page = read_for_score(file->second, url);
    const std::string text = collapse_space(page.metadata.title + "\n" + page.text());
    std::string missed;
    std::size_t wrong = 0;
    for (const base::Json& string : row["with"]) {
      const bool found = text.find(collapse_space(string.get<std::string>())) != std::string::npos;
      ++(found ? tp : fn);
      if (!found) {
        ++wrong;
        missed += " -'" + string.get<std::string>().substr(0, 50) + "'";
      }
    }
    for (const base::Json& string : row["without"]) {
      const bool found = text.find(collapse_space(string.get<std::string>())) != std::string::npos;
      ++(found ? fp : tn);
      if (found) {
        ++wrong;
        missed += " +'" + string.get<std::string>().substr(0, 50) + "'";
      }
    }
    if (wrong > 0) {
      worst.emplace_back(wrong, fmt::format("{} {}{}", text_of(row, "file"),
                                            page_failure_name(page.failure), missed));
    }
  }
  const double precision =
      static_cast<double>(tp) / static_cast<double>(std::max<std::size_t>(tp + fp, 1));
  const double recall =
      static_cast<double>(tp) / static_cast<double>(std::max<std::size_t>(tp + fn, 1));
  outcome.metrics = {{"F1", f1(precision, recall), 0.93},
                     {"precision", precision, std::nullopt},
                     {"recall", recall, std::nullopt}};
  outcome.share("accuracy", tp + tn, tp + tn + fp + fn);
  std::ranges::sort(worst, std::greater{});
  for (const auto& [count, line] : worst) outcome.failures.push_back(line);
  return outcome;
}

Outcome score_readability(const fs::path& dir) {
  Outcome outcome;
  const auto files = read_archive(dir / "pages.tar.zst");
  double sum = 0;
  std::size_t pages = 0;
  std::map<std::string, std::pair<std::size_t, std::size_t>> fields;
  double slowest = 0;
  std::vector<std::pair<double, std::string>> worst;
  for (const auto& [name, bytes] : files) {
    if (!name.ends_with("/source.html")) continue;
    const std::string folder = name.substr(0, name.size() - 11);
    const auto expected = files.find(folder + "expected.html");
    const auto meta = files.find(folder + "expected-metadata.json");
    if (expected == files.end() || meta == files.end()) continue;
    const auto start = std::chrono::steady_clock::now();
    const Page page = read_for_score(bytes, "http://fakehost/test/page.html");
    slowest = std::max(
        slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    const std::string wanted = text_of_html(expected->second);
    const bool wide = mostly_wide(wanted);
    const std::string got = page.text();
    const Overlap overlap = wide ? shingle_overlap(char_tokens(wanted), char_tokens(got))
                                 : shingle_overlap(word_tokens(wanted), word_tokens(got));
    ++pages;
    sum += overlap.f1();
    const base::Json data = to_json(meta->second, folder);
    const auto check = [&](const std::string& field, const std::string& value) {
      const std::string want(base::trim(text_of(data, field)));
      if (want.empty()) return;
      auto& [right, total] = fields[field];
      ++total;
      if (want == base::trim(value)) {
        ++right;
      } else if (field == "title") {
        outcome.failures.push_back(fmt::format("{} title '{}', wanted '{}'", folder, value, want));
      }
    };
    check("title", page.metadata.title);
    check("byline", page.metadata.author);
    check("siteName", page.metadata.site_name);
    check("lang", page.metadata.language);
    check("publishedTime", page.metadata.published);
    worst.emplace_back(overlap.f1(),
                       fmt::format("{} P {:.3f} R {:.3f} {}", folder, overlap.precision(),
                                   overlap.recall(), page_failure_name(page.failure)));
  }
  outcome.metrics.push_back(
      {"text F1", sum / static_cast<double>(std::max<std::size_t>(pages, 1)), 0.93});
  for (const auto& [field, tally] : fields) {
    outcome.share(field, tally.first, tally.second,
                  field == "title" ? std::optional(0.85) : std::nullopt);
  }
  outcome.metrics.push_back({"slowest page, seconds", slowest, 1.0, true});
  std::ranges::sort(worst);
  for (const auto& [score, line] : worst) {
    if (score < 0.93) outcome.failures.push_back(fmt::format("F1 {:.3f} {}", score, line));
  }
  return outcome;
}

Outcome score_gne(const fs::path& dir) {
  Outcome outcome;
  const base::Json silver = read_json(dir / "silver.json");
  const auto files = read_archive(dir / "html.tar.zst");
  std::size_t titles = 0, title_total = 0, dates = 0, date_total = 0;
  double recall = 0;
  std::size_t contents = 0;
  for (const auto& [file, row] : silver.items()) {
    const auto found = files.find(file);
    if (found == files.end()) continue;
    const Page page = read_for_score(found->second, "");
    if (const std::string want = collapse_space(text_of(row, "title")); !want.empty()) {
      ++title_total;
      if (collapse_space(page.metadata.title) == want) {
        ++titles;
      } else {
        outcome.failures.push_back(
            fmt::format("{} title '{}', silver '{}'", file, page.metadata.title, want));
      }
    }
    if (const auto want = find_date(text_of(row, "publish_time"))) {
      ++date_total;
      if (page.metadata.published.substr(0, 10) == want->iso.substr(0, 10)) {
        ++dates;
      } else {
        outcome.failures.push_back(fmt::format("{} date '{}', silver '{}'", file,
                                               page.metadata.published,
                                               text_of(row, "publish_time")));
      }
    }
    if (const std::string want = text_of(row, "content"); !want.empty()) {
      const Overlap overlap = shingle_overlap(char_tokens(want), char_tokens(page.text()));
      recall += overlap.recall();
      ++contents;
      if (overlap.recall() < 0.95 || overlap.precision() < 0.7) {
        outcome.failures.push_back(fmt::format("{} content recall {:.3f} precision {:.3f} {}", file,
                                               overlap.recall(), overlap.precision(),
                                               page_failure_name(page.failure)));
      }
    }
  }
  outcome.share("title", titles, title_total, 0.95);
  outcome.share("date", dates, date_total, 0.90);
  outcome.metrics.push_back({"content recall against silver",
                             recall / static_cast<double>(std::max<std::size_t>(contents, 1)),
                             0.95});
  return outcome;
}

}  // namespace seine::web::conform
