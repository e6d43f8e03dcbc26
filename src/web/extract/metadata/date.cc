#include "web/extract/metadata/date.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"

namespace seine::web {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}

// A cursor over text that reads numbers and separators.
struct Cursor {
  std::string_view text;
  std::size_t at = 0;

  std::optional<int> number(std::size_t digits_max) {
    std::size_t end = at;
    while (end < text.size() && end - at < digits_max && digit(text[end])) ++end;
    if (end == at) return std::nullopt;
    int value = 0;
    for (; at < end; ++at) value = value * 10 + (text[at] - '0');
    return value;
  }
  bool skip(std::string_view token) {
    if (!text.substr(at).starts_with(token)) return false;
    at += token.size();
    return true;
  }
  void spaces() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n')) ++at;
    while (skip("\xC2\xA0") || skip("\xE3\x80\x80")) {
    }
  }
};

bool valid(int year, int month, int day) {
  static constexpr std::array<int, 12> kDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  if (month == 2 && day == 29 && !leap) return false;
  return year >= 1990 && year <= 2099 && month >= 1 && month <= 12 && day >= 1 &&
         day <= kDays[static_cast<std::size_t>(month - 1)];
}

// "Z", "+08:00", and as mail and feeds write it " GMT" or " +0800": appended when it is there.
// Behind a space only four digits are a zone: "10:00 -12" is two hours.
void read_zone(Cursor& cursor, std::string& iso) {
  Cursor look = cursor;
  const bool apart = look.skip(" ");
  for (const std::string_view name : {"Z", "GMT", "UTC", "UT"}) {
    if (!look.skip(name)) continue;
    const char next = look.at < look.text.size() ? look.text[look.at] : ' ';
    if (digit(next) || next == '+' || next == '-' || ((next | 32) >= 'a' && (next | 32) <= 'z'))
      return;
    iso += "Z";
    cursor = look;
    return;
  }
  const char sign = look.at < look.text.size() ? look.text[look.at] : '\0';
  if (sign != '+' && sign != '-') return;
  const std::size_t begin = ++look.at;
  const auto hours = look.number(2);
  if (!apart) look.skip(":");
  const auto minutes = look.number(2);
  if (!hours || *hours > 14 || (apart && look.at != begin + 4)) return;
  iso += fmt::format("{}{:02}:{:02}", sign, *hours, minutes.value_or(0));
  cursor = look;
}

// "T09:59:22+08:00", " 09:59", "09时59分": appended to `iso` when it is there.
void read_time(Cursor& cursor, std::string& iso) {
  Cursor look = cursor;
  look.skip("T") || look.skip("t");
  look.spaces();
  for (const std::string_view word : {"at ", "at", ",", "-", "|", "\xC2\xB7", "\xE2\x80\xA2"}) {
    if (look.skip(word)) break;
  }
  look.spaces();
  auto hour = look.number(2);
  if (!hour || *hour > 23) return;
  if (!look.skip(":") && !look.skip("\xEF\xBC\x9A") && !look.skip("时") && !look.skip("點") &&
      !look.skip("点"))
    return;
  const auto minute = look.number(2);
  if (!minute || *minute > 59) return;
  look.skip("分");
  int second = 0;
  bool has_second = false;
  Cursor more = look;
  if (more.skip(":") || more.skip("\xEF\xBC\x9A")) {
    if (const auto value = more.number(2); value && *value < 61) {
      second = *value;
      has_second = true;
      look = more;
      if (look.skip(".")) look.number(9);
    }
  }
  Cursor half = look;
  half.spaces();
  const std::string mark = base::ascii_lower(half.text.substr(half.at, 2));
  if (mark == "pm" && *hour < 12) *hour += 12;
  if (mark == "am" && *hour == 12) *hour = 0;
  if (mark == "pm" || mark == "am") {
    look = half;
    look.at += 2;
  }
  iso += fmt::format("T{:02}:{:02}", *hour, *minute);
  if (has_second) iso += fmt::format(":{:02}", second);
  read_zone(look, iso);
  cursor = look;
}

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
// German, French, Spanish, Italian, Dutch, Portuguese: by their first letters where these differ.
constexpr std::pair<std::string_view, int> kOtherMonths[] = {
    {"januar", 1},     {"jänner", 1},     {"janvier", 1},   {"enero", 1},     {"gennaio", 1},
    {"janeiro", 1},    {"februar", 2},    {"février", 2},   {"fevrier", 2},   {"febrero", 2},
    {"febbraio", 2},   {"fevereiro", 2},  {"märz", 3},      {"maerz", 3},     {"mars", 3},
    {"marzo", 3},      {"maart", 3},      {"março", 3},     {"avril", 4},     {"abril", 4},
    {"aprile", 4},     {"mai", 5},        {"mayo", 5},      {"maggio", 5},    {"mei", 5},
    {"maio", 5},       {"juni", 6},       {"juin", 6},      {"junio", 6},     {"giugno", 6},
    {"junho", 6},      {"juli", 7},       {"juillet", 7},   {"julio", 7},     {"luglio", 7},
    {"julho", 7},      {"août", 8},       {"aout", 8},      {"agosto", 8},    {"augustus", 8},
    {"septembre", 9},  {"septiembre", 9}, {"settembre", 9}, {"setembro", 9},  {"oktober", 10},
    {"octobre", 10},   {"octubre", 10},   {"ottobre", 10},  {"outubro", 10},  {"novembre", 11},
    {"noviembre", 11}, {"novembro", 11},  {"dezember", 12}, {"décembre", 12}, {"diciembre", 12},
    {"dicembre", 12},  {"dezembro", 12}};

// A month's name or its abbreviation at the cursor.
int month_name(Cursor& cursor) {
  std::size_t end = cursor.at;
  while (end < cursor.text.size() &&
         ((cursor.text[end] | 32) >= 'a' || static_cast<unsigned char>(cursor.text[end]) >= 0x80) &&
         !digit(cursor.text[end]) && end - cursor.at < 16) {
    ++end;
  }
  const std::string word = base::ascii_lower(cursor.text.substr(cursor.at, end - cursor.at));
  if (word.size() < 3) return 0;
  for (std::size_t i = 0; i < kMonths.size(); ++i) {
    const bool abbreviation = word.size() <= 4 && kMonths[i].starts_with(word);
    if (word == kMonths[i] || abbreviation || (i == 8 && word == "sept")) {
      cursor.at = end;
      cursor.skip(".");
      return static_cast<int>(i) + 1;
    }
  }
  for (const auto& [name, month] : kOtherMonths) {
    if (word == name) {
      cursor.at = end;
      return month;
    }
  }
  return 0;
}

std::string iso_day(int year, int month, int day) {
  return fmt::format("{:04}-{:02}-{:02}", year, month, day);
}

// A date that starts exactly here.
std::optional<FoundDate> date_at(std::string_view text, std::size_t at) {
  const auto found = [&](Cursor& cursor, int year, int month, int day) -> std::optional<FoundDate> {
    if (!valid(year, month, day)) return std::nullopt;
    if (cursor.at < text.size() && digit(text[cursor.at])) return std::nullopt;
    FoundDate out{iso_day(year, month, day), at, 0};
    read_time(cursor, out.iso);
    out.end = cursor.at;
    return out;
  };
  if (digit(text[at])) {
    Cursor cursor{text, at};
    // Year first: 2019-09-07, 2019/9/7, 2019.09.07, 2019年9月7日
    if (const auto year = cursor.number(4); year && *year >= 1990) {
      Cursor rest = cursor;
      rest.spaces();
      for (const auto& [first, second] : {std::pair<std::string_view, std::string_view>{"-", "-"},
                                          {"/", "/"},
                                          {".", "."},
                                          {"年", "月"}}) {
        Cursor one = rest;
        if (!one.skip(first)) continue;
        one.spaces();
        const auto month = one.number(2);
        one.spaces();
        if (!month || !one.skip(second)) continue;
        one.spaces();
        const auto day = one.number(2);
        if (!day) continue;
        Cursor end = one;
        end.spaces();
        if (!end.skip("日") && !end.skip("号")) end = one;  // what follows may be the hour
        if (auto date = found(end, *year, *month, *day)) return date;
      }
      return std::nullopt;
    }
    // Day first: 7 September 2019, 7. September 2019, 07.09.2019, 25/12/2019
    cursor = {text, at};
    const auto day = cursor.number(2);
    if (!day) return std::nullopt;
    Cursor words = cursor;
    for (const std::string_view suffix : {"st", "nd", "rd", "th", "."}) {
      if (words.skip(suffix)) break;
    }
    words.spaces();
    words.skip("de ") || words.skip("of ");
    if (words.skip("-")) words.spaces();
    if (const int month = month_name(words); month > 0) {
      words.spaces();
      words.skip(",") || words.skip("de ") || words.skip("-");
      words.spaces();
      if (const auto year = words.number(4)) return found(words, *year, month, *day);
    }
    for (const std::string_view separator : {".", "/", "-"}) {
      Cursor one = cursor;
      if (!one.skip(separator)) continue;
      const auto second = one.number(2);
      if (!second || !one.skip(separator)) continue;
      const auto year = one.number(4);
      if (!year || *year < 1990) continue;
      // A point means day first; elsewhere a number past 12 must be the day, else the month leads.
      if (separator == "." || *day > 12) return found(one, *year, *second, *day);
      return found(one, *year, *day, *second);
    }
    return std::nullopt;
  }
  Cursor cursor{text, at};
  if (const int month = month_name(cursor); month > 0) {
    cursor.spaces();
    const auto day = cursor.number(2);
    if (!day) return std::nullopt;
    for (const std::string_view suffix : {"st", "nd", "rd", "th"}) {
      if (cursor.skip(suffix)) break;
    }
    cursor.skip(",");
    cursor.spaces();
    if (const auto year = cursor.number(4)) return found(cursor, *year, month, *day);
  }
  return std::nullopt;
}

}  // namespace

std::optional<FoundDate> find_date(std::string_view text, std::size_t from) {
  for (std::size_t i = from; i < text.size(); ++i) {
    const char c = text[i];
    const bool number_starts = digit(c) && (i == 0 || !digit(text[i - 1]));
    const char lower = static_cast<char>(c | 32);
    const bool word_starts = lower >= 'a' && lower <= 'z' &&
                             (i == 0 || (text[i - 1] | 32) < 'a' || (text[i - 1] | 32) > 'z') &&
                             std::string_view("jfmasondeg").find(lower) != std::string_view::npos;
    if (!number_starts && !word_starts) continue;
    if (auto date = date_at(text, i)) return date;
  }
  return std::nullopt;
}

std::optional<std::string> date_in_url(std::string_view url) {
  for (std::size_t i = 0; i + 8 <= url.size(); ++i) {
    if (!digit(url[i]) || (i > 0 && digit(url[i - 1]))) continue;
    Cursor cursor{url, i};
    const auto year = cursor.number(4);
    if (!year || *year < 1990 || *year > 2099) continue;
    Cursor plain = cursor;
    const auto month8 = plain.number(2);
    const auto day8 = plain.number(2);
    if (month8 && day8 && plain.at == i + 8 && valid(*year, *month8, *day8) &&
        (plain.at >= url.size() || !digit(url[plain.at]))) {
      return iso_day(*year, *month8, *day8);
    }
    if (!cursor.skip("/") && !cursor.skip("-")) continue;
    const auto month = cursor.number(2);
    if (!month || (!cursor.skip("/") && !cursor.skip("-"))) {
      // "/2019-09/07/"
      continue;
    }
    const auto day = cursor.number(2);
    if (day && valid(*year, *month, *day)) return iso_day(*year, *month, *day);
  }
  return std::nullopt;
}

}  // namespace seine::web
