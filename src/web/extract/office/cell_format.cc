#include "web/extract/office/cell_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/text.h"

namespace seine::web {
namespace {

constexpr double kDaysMax = 2'958'466;  // the day after 9999-12-31

std::string show_time(int seconds) {
  if (seconds % 60 == 0) return fmt::format("{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string show_date(double serial, CellKind kind, DateSystem system) {
  using namespace std::chrono;
  double day = std::floor(serial);
  int seconds = static_cast<int>(std::lround((serial - day) * 86'400));
  if (seconds == 86'400) {
    seconds = 0;
    day += 1;
  }
  if (kind == CellKind::kTime) return show_time(seconds);
  // The 1900 system counts a 29th of February that was not: its days before have another zero.
  sys_days zero = sys_days(year(1899) / December / 30);
  if (system == DateSystem::k1904) {
    zero = sys_days(year(1904) / January / 1);
  } else if (day < 60) {
    zero += days(1);
  }
  const year_month_day date(zero + days(static_cast<int>(day)));
  const std::string text =
      fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  if (kind == CellKind::kDate || (kind == CellKind::kDateTime && seconds == 0)) return text;
  return text + " " + show_time(seconds);
}

}  // namespace

CellFormat built_in_format(int id) {
  if (id == 9) return {CellKind::kPercent, 0};
  if (id == 10) return {CellKind::kPercent, 2};
  if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58))
    return {CellKind::kDate};
  if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || (id >= 45 && id <= 47))
    return {CellKind::kTime};
  if (id == 22) return {CellKind::kDateTime};
  return {};
}

CellFormat format_of_code(std::string_view code) {
  code = code.substr(0, code.find(';'));  // of positive numbers
  bool date = false;
  bool time = false;
  bool percent = false;
  int decimals = 0;
  bool fraction = false;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const char c = base::ascii_lower(code[at]);
    if (c == '"') {
      at = std::min(code.find('"', at + 1), code.size());
    } else if (c == '[') {
      // "[h]" counts hours; colours and locales say nothing.
      const std::size_t end = std::min(code.find(']', at), code.size());
      const std::string inside = base::ascii_lower(code.substr(at + 1, end - at - 1));
      time = time || inside == "h" || inside == "hh" || inside == "mm" || inside == "ss";
      at = end;
    } else if (c == '\\' || c == '_' || c == '*') {
      ++at;
    } else if (c == 'y' || c == 'd') {
      date = true;
    } else if (c == 'h' || c == 's') {
      time = true;
    } else if (c == '%') {
      percent = true;
    } else if (c == '.') {
      fraction = true;
    } else if ((c == '0' || c == '#') && fraction) {
      ++decimals;
    }
  }
  if (percent) return {CellKind::kPercent, std::min(decimals, 10)};
  if (date && time) return {CellKind::kDateTime};
  if (date) return {CellKind::kDate};
  if (time) return {CellKind::kTime};
  // Months alone: "mmm", but never the "m" of a unit in quotes, which was skipped.
  if (base::ascii_lower(code).contains("mmm")) return {CellKind::kDate};
  return {};
}

std::string show_number(std::string_view raw, CellFormat format, DateSystem system) {
  const auto value = base::parse_double(raw);
  if (!value || !std::isfinite(*value)) return std::string(raw);
  if (format.kind == CellKind::kPercent)
    return fmt::format("{:.{}f}%", *value * 100, format.decimals);
  if (format.kind != CellKind::kNumber && *value >= 0 && *value < kDaysMax)
    return show_date(*value, format.kind, system);
  if (base::parse_i64(raw)) return std::string(raw);
  // Files hold 17 digits of the binary number, sheets show 15.
  return fmt::format("{:.15g}", *value);
}

}  // namespace seine::web
