#include "web/fetch/http_date.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace seine::web {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

std::optional<int> digits(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  const auto value = base::parse_u64(text);
  return value && *value < 100'000 ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

std::optional<int> month_of(std::string_view text) {
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    if (base::ascii_iequals(kMonths[i], text)) return static_cast<int>(i) + 1;
  }
  return std::nullopt;
}

template <std::size_t N>
bool names_day(const std::array<std::string_view, N>& days, std::string_view text) {
  return std::ranges::any_of(
      days, [text](std::string_view day) { return base::ascii_iequals(day, text); });
}

std::optional<seconds> time_of(std::string_view text) {  // "08:49:37"
  if (text.size() != 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2));
  const auto minute = digits(text.substr(3, 2));
  const auto second = digits(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60)
    return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

std::optional<sys_seconds> make(std::optional<int> year, std::optional<int> month,
                                std::optional<int> day, std::optional<seconds> time) {
  if (!year || !month || !day || !time) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return sys_seconds(std::chrono::sys_days(date)) + *time;
}

}  // namespace

std::optional<sys_seconds> parse_http_date(std::string_view text, base::WallTime now) {
  const std::string_view all = base::trim(text);
  const std::size_t comma = all.find(',');
  if (comma == std::string_view::npos) {  // asctime: "Sun Nov  6 08:49:37 1994"
    if (all.size() != 24 || all[3] != ' ' || all[7] != ' ' || all[10] != ' ' || all[19] != ' ' ||
        !names_day(kDays, all.substr(0, 3)))
      return std::nullopt;
    std::string_view day = all.substr(8, 2);
    if (day.front() == ' ') day.remove_prefix(1);
    return make(digits(all.substr(20)), month_of(all.substr(4, 3)), digits(day),
                time_of(all.substr(11, 8)));
  }
  const std::string_view name = all.substr(0, comma);
  const std::string_view rest = all.substr(comma + 1);
  if (names_day(kDays, name)) {  // " 06 Nov 1994 08:49:37 GMT"
    if (rest.size() != 25 || rest[0] != ' ' || rest[3] != ' ' || rest[7] != ' ' ||
        rest[12] != ' ' || !base::ascii_iequals(rest.substr(21), " GMT"))
      return std::nullopt;
    return make(digits(rest.substr(8, 4)), month_of(rest.substr(4, 3)), digits(rest.substr(1, 2)),
                time_of(rest.substr(13, 8)));
  }
  if (names_day(kLongDays, name)) {  // " 06-Nov-94 08:49:37 GMT"
    if (rest.size() != 23 || rest[0] != ' ' || rest[3] != '-' || rest[7] != '-' ||
        rest[10] != ' ' || !base::ascii_iequals(rest.substr(19), " GMT"))
      return std::nullopt;
    auto year = digits(rest.substr(8, 2));
    if (!year) return std::nullopt;
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const int current = static_cast<int>(today.year());
    *year += current / 100 * 100;
    if (*year > current + 50) *year -= 100;
    return make(year, month_of(rest.substr(4, 3)), digits(rest.substr(1, 2)),
                time_of(rest.substr(11, 8)));
  }
  return std::nullopt;
}

std::string format_http_date(sys_seconds time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss clock{time - days};
  const std::chrono::weekday weekday{days};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday.c_encoding()],
                     static_cast<unsigned>(date.day()),
                     kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

std::optional<seconds> parse_retry_after(std::string_view text, base::WallTime now) {
  constexpr seconds kMin{1};
  constexpr seconds kMax{3600};
  const std::string_view value = base::trim(text);
  if (value.empty()) return std::nullopt;
  if (std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; })) {
    const auto count = base::parse_u64(value);
    if (!count || *count >= 3600) return kMax;
    return std::max(kMin, seconds(static_cast<std::int64_t>(*count)));
  }
  const auto date = parse_http_date(value, now);
  if (!date) return std::nullopt;
  return std::clamp(std::chrono::ceil<seconds>(*date - now), kMin, kMax);
}

}  // namespace seine::web
