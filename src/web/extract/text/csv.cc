#include "web/extract/text/csv.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::web {
namespace {

// Reads records one at a time. A quote opens a quoted field only at its start; inside, two stand
// for one, and whatever follows the closing one up to the delimiter is kept as it is.
class Records {
 public:
  Records(std::string_view text, char delimiter, const CsvLimits& limits)
      : text_(text), delimiter_(delimiter), limits_(limits) {}

  // False at the end. Blank lines are no records.
  bool next(std::vector<std::string>& fields) {
    while (at_ < text_.size()) {
      fields.clear();
      while (!field(fields)) {
      }
      if (fields.size() > 1 || !base::trim(fields.front()).empty()) return true;
    }
    return false;
  }

  bool cut() const { return cut_; }

 private:
  // Appends one field; true where it ends the record.
  bool field(std::vector<std::string>& fields) {
    std::string value;
    if (at_ < text_.size() && text_[at_] == '"') {
      ++at_;
      while (at_ < text_.size()) {
        const char c = text_[at_++];
        if (c != '"') {
          value.push_back(c);
        } else if (at_ < text_.size() && text_[at_] == '"') {
          value.push_back('"');
          ++at_;
        } else {
          break;
        }
      }
    }
    while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '\n' &&
           text_[at_] != '\r')
      value.push_back(text_[at_++]);
    if (value.size() > limits_.field_bytes_max) {
      value.resize(base::utf8_prefix(value, limits_.field_bytes_max));
      cut_ = true;
    }
    if (fields.size() < limits_.columns_max) {
      fields.push_back(std::move(value));
    } else {
      cut_ = true;
    }
    if (at_ >= text_.size()) return true;
    const char end = text_[at_++];
    if (end == delimiter_) return false;
    if (end == '\r' && at_ < text_.size() && text_[at_] == '\n') ++at_;
    return true;
  }

  std::string_view text_;
  char delimiter_;
  const CsvLimits& limits_;
  std::size_t at_ = 0;
  bool cut_ = false;
};

}  // namespace

char guess_delimiter(std::string_view text) {
  constexpr std::size_t kRowsLooked = 50;
  constexpr std::size_t kBytesLooked = 65'536;
  const CsvLimits limits;
  char best = ',';
  double best_score = 0;
  for (const char delimiter : {',', '\t', ';', '|'}) {
    Records records(text.substr(0, kBytesLooked), delimiter, limits);
    std::map<std::size_t, std::size_t> widths;
    std::vector<std::string> fields;
    std::size_t rows = 0;
    while (rows < kRowsLooked && records.next(fields)) {
      ++widths[fields.size()];
      ++rows;
    }
    widths.erase(1);
    if (widths.empty()) continue;
    const auto usual = std::ranges::max_element(
        widths, {}, [](const auto& entry) { return std::pair(entry.second, entry.first); });
    // The share of rows that are as wide; the width itself only settles a draw.
    const double score = static_cast<double>(usual->second) / static_cast<double>(rows) +
                         static_cast<double>(usual->first) * 1e-6;
    if (score > best_score) {
      best_score = score;
      best = delimiter;
    }
  }
  return best;
}

CsvTable parse_csv(std::string_view text, char delimiter, const CsvLimits& limits) {
  CsvTable table{.delimiter = delimiter};
  Records records(text, delimiter, limits);
  std::vector<std::string> fields;
  std::size_t width = 0;
  while (records.next(fields)) {
    if (table.rows.size() >= limits.rows_max) {
      table.truncated = true;
      break;
    }
    width = std::max(width, fields.size());
    table.rows.push_back(std::move(fields));
  }
  for (auto& row : table.rows) row.resize(width);
  table.truncated = table.truncated || records.cut();
  return table;
}

}  // namespace seine::web
