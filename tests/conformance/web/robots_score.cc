#include <cmath>
#include <map>

#include "base/utf8.h"
#include "scoring.h"
#include "web/robots/robots.h"

namespace seine::web::conform {
namespace {

// The rows hold bytes as code points below 256.
std::string latin1_bytes(const base::Json& row, std::string_view key) {
  std::string bytes;
  for (const char32_t point : base::to_utf32(text_of(row, key)))
    bytes.push_back(static_cast<char>(point));
  return bytes;
}

std::string origin_of(std::string_view url) {
  const std::size_t start = url.find("://");
  if (start == std::string_view::npos) return {};
  return std::string(url.substr(0, url.find_first_of("/?#", start + 3)));
}

// Path and query exactly as written: the rows test the matcher on raw bytes, not the URL parser.
std::string path_of(std::string_view url) {
  const std::size_t start = url.find("://");
  std::string_view rest = start == std::string_view::npos ? url : url.substr(start + 3);
  if (start != std::string_view::npos || !rest.starts_with('/')) {
    rest.remove_prefix(std::min(rest.find_first_of("/?;#"), rest.size()));
  }
  rest = rest.substr(0, rest.find('#'));
  return rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
}

}  // namespace

Outcome score_robots(const std::filesystem::path& dir) {
  Outcome outcome;
  struct Tally {
    std::size_t passed = 0;
    std::size_t total = 0;
  };
  std::map<std::string, Tally> tallies;
  for (const base::Json& row : read_json_lines(dir / "cases.jsonl")) {
    const std::string source = text_of(row, "source");
    const std::string kind = text_of(row, "kind");
    const Robots robots = Robots::parse(latin1_bytes(row, "robots_latin1"));
    const std::string agent = latin1_bytes(row, "agent_latin1");
    const std::string url = latin1_bytes(row, "url_latin1");
    bool right = false;
    std::string group = source;
    if (text_of(row, "test").starts_with("GoogleOnly")) group += " beyond the RFC";
    if (kind.empty()) {
      const base::Json* want = base::find(row, "allowed");
      const std::string home = origin_of(text_of(row, "robots_url"));
      const std::string there = origin_of(url);
      const bool foreign = !home.empty() && !there.empty() && home != there;
      right = want == nullptr ? foreign : *want == robots.allows(agent, path_of(url));
    } else if (kind == "crawlDelay") {
      group += " " + kind;
      const base::Json* want = base::find(row, "expected");
      const auto delay = robots.crawl_delay_as_written(agent);
      right =
          want == nullptr ? !delay : delay && want->is_number() && want->get<double>() == *delay;
    } else if (kind == "sitemaps") {
      group += " " + kind;
      const base::Json* want = base::find(row, "expected");
      right = want != nullptr && want->is_array() && want->size() == robots.sitemaps().size();
    } else {
      continue;  // host, matchingLine, isExplicitlyDisallowed: that library's own interface
    }
    Tally& tally = tallies[group];
    ++tally.total;
    if (right) {
      ++tally.passed;
    } else {
      outcome.failures.push_back(fmt::format("{}: {} agent '{}' url '{}' robots {}", group,
                                             text_of(row, "test"), agent, url,
                                             base::to_text(row["robots_latin1"]).substr(0, 200)));
    }
  }
  for (const auto& [group, tally] : tallies) {
    std::optional<double> bar;
    if (group.starts_with("google/") && group.find(' ') == std::string::npos) bar = 1.0;
    if (group == "robots-parser") bar = 0.98;
    outcome.share(group, tally.passed, tally.total, bar);
  }
  return outcome;
}

}  // namespace seine::web::conform
