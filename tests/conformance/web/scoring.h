// What a scorer of one data set is: a function from the folder of the set to an Outcome. main.cc
// holds the table of them and prints; each x_score.cc follows the "How to score" line of its set's
// README and nothing else.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace seine::web::conform {

struct Metric {
  std::string name;
  double value = 0;
  std::optional<double> bar;    // what the value must reach
  bool bar_is_maximum = false;  // leak rates: what it must not pass
  bool met() const {
    return !bar || (bar_is_maximum ? value <= *bar + 1e-9 : value >= *bar - 1e-9);
  }
};

struct Outcome {
  std::vector<Metric> metrics;
  std::vector<std::string> failures;  // one line per failing case

  void share(std::string name, std::size_t passed, std::size_t total,
             std::optional<double> bar = std::nullopt);  // also records the two counts
};

using Scorer = Outcome (*)(const std::filesystem::path& dir);

Outcome score_url_wpt(const std::filesystem::path& dir);
Outcome score_ssrf(const std::filesystem::path& dir);
Outcome score_robots(const std::filesystem::path& dir);
Outcome score_charset(const std::filesystem::path& dir);
Outcome score_html5lib(const std::filesystem::path& dir);
Outcome score_article_extraction(const std::filesystem::path& dir);
Outcome score_trafilatura(const std::filesystem::path& dir);
Outcome score_readability(const std::filesystem::path& dir);
Outcome score_gne(const std::filesystem::path& dir);
Outcome score_hidden_injection(const std::filesystem::path& dir);
Outcome score_webmainbench(const std::filesystem::path& dir);
Outcome score_dompurify(const std::filesystem::path& dir);
Outcome score_http_cache(const std::filesystem::path& dir);

// Writes the runs of all pages below the folder of the sets, with features and labels.
void dump_runs(const std::filesystem::path& root);

// Helpers for reading sets; all of them end the program with a message when the data is unreadable.
std::optional<std::string> read_file_if(const std::filesystem::path& file);
std::string read_file(const std::filesystem::path& file);
base::Json read_json(const std::filesystem::path& file);  // lone surrogate escapes become U+FFFD
base::Json to_json(std::string text, std::string_view what);
std::vector<base::Json> read_json_lines(const std::filesystem::path& file);
// Name to bytes of a .tar.zst archive, or of the unpacked folder of the same name beside it.
std::map<std::string, std::string> read_archive(const std::filesystem::path& archive);

std::string text_of(const base::Json& object, std::string_view key);  // empty when absent

}  // namespace seine::web::conform
