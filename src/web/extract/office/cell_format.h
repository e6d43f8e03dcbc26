// What a cell of a sheet shows for the number that it holds: dates, times, shares of a hundred, and
// plain numbers (ECMA-376 part 1, 18.8.30). Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seine::web {

enum class CellKind : std::uint8_t { kNumber, kDate, kTime, kDateTime, kPercent };

struct CellFormat {
  CellKind kind = CellKind::kNumber;
  int decimals = 0;  // of kPercent
};

// By a built-in number of format, or its code: "yyyy-mm-dd", "0.00%".
CellFormat built_in_format(int id);
CellFormat format_of_code(std::string_view code);

enum class DateSystem : std::uint8_t { k1900, k1904 };

// "2024-05-01", "2024-05-01 13:30", "12.5%", "0.3". What is no number comes back as it is.
std::string show_number(std::string_view raw, CellFormat format, DateSystem system);

}  // namespace seine::web
