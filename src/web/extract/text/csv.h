// Comma-separated values (RFC 4180) with what people really write: other delimiters, bare quotes,
// rows of unequal length, every line end. Pure, bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace seine::web {

struct CsvLimits {
  std::size_t rows_max = 5'000;
  std::size_t columns_max = 64;
  std::size_t field_bytes_max = 8'192;
};

struct CsvTable {
  char delimiter = ',';
  std::vector<std::vector<std::string>> rows = {};  // every row as wide
  bool truncated = false;
};

// , ; tab | by the first rows; ',' where nothing decides.
char guess_delimiter(std::string_view text);
CsvTable parse_csv(std::string_view text, char delimiter, const CsvLimits& limits = {});

}  // namespace seine::web
