// seine_web_conform NAME --data DIR [--json] [--failures N]
// Scores one data set of the web module and lists the failing cases. Exit status: 0 when every bar
// is met, 1 when one is missed, 2 when the data cannot be read.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "scoring.h"

namespace {

using namespace seine::web::conform;

struct Entry {
  std::string_view name;
  Scorer score;
};

constexpr std::array kScorers = {
    Entry{"url-wpt", score_url_wpt},
    Entry{"ssrf", score_ssrf},
    Entry{"robots", score_robots},
    Entry{"charset", score_charset},
    Entry{"html5lib", score_html5lib},
    Entry{"dompurify", score_dompurify},
    Entry{"article-extraction", score_article_extraction},
    Entry{"trafilatura-eval", score_trafilatura},
    Entry{"readability-pages", score_readability},
    Entry{"gne-chinese-news", score_gne},
    Entry{"webmainbench-sample", score_webmainbench},
    Entry{"hidden-injection", score_hidden_injection},
    Entry{"http-cache", score_http_cache},
};

int print_text(std::string_view name, const Outcome& outcome, std::size_t failures_max) {
  bool met = true;
  for (const Metric& metric : outcome.metrics) {
    met = met && metric.met();
    const std::string bar =
        metric.bar
            ? fmt::format("  bar {} {:.4f}  {}", metric.bar_is_maximum ? "<=" : ">=", *metric.bar,
                          metric.met() ? "met" : "MISSED")
            : "";
    fmt::print("{}: {}: {:.4f}{}\n", name, metric.name, metric.value, bar);
  }
  for (std::size_t i = 0; i < std::min(failures_max, outcome.failures.size()); ++i) {
    fmt::print("  fail: {}\n", outcome.failures[i]);
  }
  if (outcome.failures.size() > failures_max) {
    fmt::print("  ... and {} more\n", outcome.failures.size() - failures_max);
  }
  return met ? 0 : 1;
}

int print_json(std::string_view name, const Outcome& outcome) {
  seine::base::Json out = {{"set", name}, {"met", true}, {"metrics", seine::base::Json::array()}};
  for (const Metric& metric : outcome.metrics) {
    seine::base::Json row = {{"name", metric.name}, {"value", metric.value}};
    if (metric.bar) {
      row["bar"] = *metric.bar;
      row["met"] = metric.met();
      if (!metric.met()) out["met"] = false;
    }
    out["metrics"].push_back(std::move(row));
  }
  out["failures"] = outcome.failures;
  fmt::print("{}\n", seine::base::to_pretty_text(out));
  return out["met"] == true ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view name;
  std::string_view data;
  bool json = false;
  std::size_t failures_max = 20;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--json") {
      json = true;
    } else if (argument == "--data" && i + 1 < argc) {
      data = argv[++i];
    } else if (argument == "--failures" && i + 1 < argc) {
      failures_max = static_cast<std::size_t>(std::atoi(argv[++i]));
    } else {
      name = argument;
    }
  }
  if (name == "runs" && !data.empty()) {
    dump_runs(data);
    return 0;
  }
  for (const Entry& entry : kScorers) {
    if (entry.name != name || data.empty()) continue;
    if (!std::filesystem::exists(data)) {
      fmt::print("{}: skipped: no {}\n", name, data);
      return 0;
    }
    const Outcome outcome = entry.score(data);
    return json ? print_json(name, outcome) : print_text(name, outcome, failures_max);
  }
  fmt::print(stderr,
             "usage: seine_web_conform NAME --data DIR [--json] [--failures N]\nNAME is one of:");
  for (const Entry& entry : kScorers) fmt::print(stderr, " {}", entry.name);
  fmt::print(stderr, "\n");
  return 2;
}
