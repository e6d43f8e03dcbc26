// Sets to measure a ranking with, as JSON lines: entries {id, title, text} or {id, title, texts:
// [...]}, of which each phrasing counts by itself, and queries {q, rel: [ids]}. Errors name the
// line.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"

namespace seine::engine {

// Calls take(row) for each line that is not empty; errors name the line within `what`.
base::Result<> each_row(std::string_view lines, std::string_view what,
                        const std::function<base::Result<>(const base::Json&)>& take);
// A list of strings or whole numbers; absent: none.
base::Result<std::vector<std::string>> texts_in(const base::Json& row, std::string_view key);

struct RankEntries {
  std::unordered_map<std::string, std::size_t> number;  // by id
  std::vector<std::string> texts;                       // each with its title before it
  std::vector<std::size_t> entry;                       // of each text
};
base::Result<RankEntries> parse_entries(std::string_view lines);

struct RankQueries {
  std::vector<std::string> texts;
  std::vector<std::vector<std::size_t>> right;  // entries
};
// count_max: at most, drawn evenly; 0: all
base::Result<RankQueries> parse_queries(std::string_view lines, const RankEntries& entries,
                                        std::size_t count_max);

struct RankReport {
  std::size_t entries = 0;
  std::size_t queries = 0;
  // Percent of the queries with a right entry among the first so many.
  double recall_1 = 0;
  double recall_5 = 0;
  double recall_10 = 0;
  double reciprocal_rank = 0;  // mean of 1 / rank, 0 past the tenth
  double texts_per_second = 0;
};
base::Json to_json(const RankReport& report);

// Counts where the right entries stood.
class RankCount {
 public:
  explicit RankCount(std::size_t entries) : entries_(entries) {}
  // before: entries that stand before the best right one, or as well as it.
  void add(std::size_t before);
  RankReport report() const;

 private:
  std::size_t entries_;
  std::size_t queries_ = 0;
  std::size_t among_1_ = 0;
  std::size_t among_5_ = 0;
  std::size_t among_10_ = 0;
  double reciprocal_ = 0;
};

}  // namespace seine::engine
