#include "engine/tokenizer/scanners.h"

#include <algorithm>
#include <array>

#include "engine/tokenizer/char_class.h"

namespace seine::engine::scanners {
namespace {

using C = CharClasses;

struct Seen {
  char32_t point;
  std::uint32_t length;
  std::uint8_t flags;
};

Seen see(std::string_view s, std::size_t at) {
  static const CharClasses& classes = CharClasses::instance();
  const PointAt found = point_at(s, at);
  return {found.point, found.length, classes.of(found.point)};
}

// End of the run of points for which `test` holds, at most `limit` of them.
template <typename Test>
std::size_t run(std::string_view s, std::size_t at, Test test, std::size_t limit = SIZE_MAX) {
  while (at < s.size() && limit-- > 0) {
    const Seen c = see(s, at);
    if (!test(c)) break;
    at += c.length;
  }
  return at;
}

template <std::uint8_t kFlags>
bool any_of(const Seen& c) {
  return (c.flags & kFlags) != 0;
}

template <std::uint8_t kFlags>
bool none_of(const Seen& c) {
  return (c.flags & kFlags) == 0;
}

// \s?X+ , where X may itself hold white space.
template <typename Test>
std::size_t spaced_run(std::string_view s, std::size_t at, Test test) {
  const Seen first = see(s, at);
  if (any_of<C::kSpace>(first)) {
    const std::size_t end = run(s, at + first.length, test);
    if (end > at + first.length) return end;
  }
  return run(s, at, test);
}

// The three endings that the newer patterns share: \s*[\r\n]+ | \s+(?!\S) | \s+ ; `newlines`
// says whether the first of them is there.
std::size_t white_space(std::string_view s, std::size_t at, bool newlines) {
  std::size_t end = at;
  std::size_t after_newline = at;
  std::size_t last = at;
  while (end < s.size()) {
    const Seen c = see(s, end);
    if (!any_of<C::kSpace>(c)) break;
    last = end;
    end += c.length;
    if (any_of<C::kNewline>(c)) after_newline = end;
  }
  if (newlines && after_newline > at) return after_newline;
  // Leave the last one to the word that follows, unless it is the only one.
  if (end < s.size() && last > at) return last;
  return end;
}

// 's 't 're 've 'm 'll 'd after an apostrophe at `at`; returns `at` if there is none.
std::size_t contraction(std::string_view s, std::size_t at, bool ignore_case) {
  if (s[at] != '\'') return at;
  const auto letter = [&](std::size_t i) {
    const char c = i < s.size() ? s[i] : '\0';
    return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  };
  const char first = letter(at + 1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  const char second = letter(at + 2);
  const bool two = (first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
                   (first == 'l' && second == 'l');
  return two ? at + 3 : at;
}

std::size_t modern_words(std::string_view s, std::size_t at, std::size_t digits) {
  if (const std::size_t end = contraction(s, at, true); end > at) return end;
  const Seen c = see(s, at);
  const std::size_t next = at + c.length;
  if (any_of<C::kLetter>(c)) return run(s, next, any_of<C::kLetter>);
  if (none_of < C::kNewline | C::kNumber > (c)) {
    const std::size_t end = run(s, next, any_of<C::kLetter>);
    if (end > next) return end;
  }
  if (any_of<C::kNumber>(c)) return run(s, at, any_of<C::kNumber>, digits);
  constexpr std::uint8_t kNotSymbol = C::kSpace | C::kLetter | C::kNumber;
  const std::size_t start = c.point == ' ' ? next : at;
  const std::size_t end = run(s, start, none_of<kNotSymbol>);
  if (end > start) return run(s, end, any_of<C::kNewline>);
  return white_space(s, at, true);
}

// The letters that DeepSeek-LLM's tokenizer.json lists: cased ones, as first and last.
constexpr std::array<std::array<char32_t, 2>, 67> kCased = {{
    {'A', 'Z'},       {'a', 'z'},         {0xB5, 0xB5},     {0xC0, 0xD6},     {0xD8, 0xF6},
    {0xF8, 0x1BA},    {0x1BC, 0x1BF},     {0x1C4, 0x293},   {0x295, 0x2AF},   {0x370, 0x373},
    {0x376, 0x377},   {0x37B, 0x37D},     {0x37F, 0x37F},   {0x386, 0x386},   {0x388, 0x38A},
    {0x38C, 0x38C},   {0x38E, 0x3A1},     {0x3A3, 0x3F5},   {0x3F7, 0x481},   {0x48A, 0x52F},
    {0x531, 0x556},   {0x10A0, 0x10C5},   {0x13A0, 0x13F5}, {0x13F8, 0x13FD}, {0x1C90, 0x1CBA},
    {0x1CBD, 0x1CBF}, {0x1D00, 0x1D2B},   {0x1D6B, 0x1D77}, {0x1D79, 0x1D9A}, {0x1E00, 0x1F15},
    {0x1F18, 0x1F1D}, {0x1F20, 0x1F45},   {0x1F48, 0x1F4D}, {0x1F50, 0x1F57}, {0x1F59, 0x1F59},
    {0x1F5B, 0x1F5B}, {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D}, {0x1F80, 0x1FB4}, {0x1FB6, 0x1FBC},
    {0x1FBE, 0x1FBE}, {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC}, {0x1FD0, 0x1FD3}, {0x1FD6, 0x1FDB},
    {0x1FE0, 0x1FEC}, {0x1FF2, 0x1FF4},   {0x1FF6, 0x1FFC}, {0x2102, 0x2102}, {0x2107, 0x2107},
    {0x210A, 0x2113}, {0x2115, 0x2115},   {0x2119, 0x211D}, {0x2124, 0x2134}, {0x2139, 0x2139},
    {0x213C, 0x213F}, {0x2145, 0x2149},   {0x214E, 0x214E}, {0x2183, 0x2184}, {0x2C00, 0x2CE4},
    {0x2CEB, 0x2CF3}, {0xA640, 0xA69B},   {0xA722, 0xA78E}, {0xAB70, 0xABBF}, {0xFB00, 0xFB17},
    {0xFF21, 0xFF5A}, {0x10400, 0x1E943},
}};

bool is_cased_letter(const Seen& c) {
  if (c.point < 0x80) return any_of<C::kLetter>(c);
  if (!any_of<C::kLetter>(c)) return false;
  const auto found =
      std::ranges::upper_bound(kCased, c.point, {}, [](const auto& r) { return r[0]; });
  if (found == kCased.begin() || c.point > (*(found - 1))[1]) return false;
  // Wide ranges above hold modifier letters and uncased scripts that the list leaves out.
  if (c.point >= 0x10400) {
    return c.point <= 0x1044F || (c.point >= 0x104B0 && c.point <= 0x104FB) ||
           (c.point >= 0x10C80 && c.point <= 0x10CF2) ||
           (c.point >= 0x118A0 && c.point <= 0x118DF) || c.point >= 0x1E900;
  }
  const bool left_out = c.point == 0x2C7C || c.point == 0x2C7D || c.point == 0xA66E ||
                        c.point == 0xA770 || c.point == 0xA788 ||
                        (c.point >= 0x2135 && c.point <= 0x2138);
  return !left_out;
}

bool is_llm_punctuation(const Seen& c) {
  const char32_t p = c.point;
  return (p >= '!' && p <= '/') || (p >= ':' && p <= '~') || (p >= 0xFF01 && p <= 0xFF0F) ||
         (p >= 0xFF1A && p <= 0xFF5E) || (p >= 0x2018 && p <= 0x201F) ||
         (p >= 0x3000 && p <= 0x3002);
}

}  // namespace

std::size_t newline(std::string_view s, std::size_t at) {
  return s[at] == '\r' || s[at] == '\n' ? at + 1 : at;
}

std::size_t number(std::string_view s, std::size_t at) {
  return run(s, at, any_of<C::kNumber>, 1);
}

std::size_t number_run(std::string_view s, std::size_t at) {
  return run(s, at, any_of<C::kNumber>);
}

std::size_t number_three(std::string_view s, std::size_t at) {
  return run(s, at, any_of<C::kNumber>, 3);
}

std::size_t trailing_space(std::string_view s, std::size_t at) {
  const std::size_t end = run(s, at, any_of<C::kSpace>);
  return end == s.size() ? end : at;
}

std::size_t spaced_letters(std::string_view s, std::size_t at) {
  return spaced_run(s, at, any_of<C::kLetter>);
}

std::size_t spaced_marks(std::string_view s, std::size_t at) {
  return spaced_run(s, at, any_of<C::kPunctuation>);
}

std::size_t llm_letters(std::string_view s, std::size_t at) {
  return spaced_run(s, at, is_cased_letter);
}

std::size_t llm_punctuation(std::string_view s, std::size_t at) {
  return spaced_run(s, at, is_llm_punctuation);
}

std::size_t llm_asian(std::string_view s, std::size_t at) {
  return run(s, at, [](const Seen& c) {
    return (c.point >= 0x800 && c.point <= 0x9FA5) || (c.point >= 0xAC00 && c.point <= 0xD7FF);
  });
}

std::size_t v3_asian(std::string_view s, std::size_t at) {
  return run(s, at, [](const Seen& c) {
    return (c.point >= 0x4E00 && c.point <= 0x9FA5) || (c.point >= 0x3040 && c.point <= 0x30FF);
  });
}

std::size_t v3_words(std::string_view s, std::size_t at) {
  const Seen c = see(s, at);
  const std::size_t next = at + c.length;
  if (c.point < 0x80 && any_of < C::kPunctuation | C::kSymbol > (c)) {
    const std::size_t end =
        run(s, next, [](const Seen& d) { return d.point < 0x80 && any_of<C::kLetter>(d); });
    if (end > next) return end;
  }
  constexpr std::uint8_t kWord = C::kLetter | C::kMark;
  if (any_of<kWord>(c)) return run(s, next, any_of<kWord>);
  if (none_of < C::kNewline | C::kPunctuation | C::kSymbol > (c)) {
    const std::size_t end = run(s, next, any_of<kWord>);
    if (end > next) return end;
  }
  const std::size_t start = c.point == ' ' ? next : at;
  const std::size_t end = run(s, start, any_of < C::kPunctuation | C::kSymbol >);
  if (end > start) return run(s, end, any_of<C::kNewline>);
  return white_space(s, at, true);
}

std::size_t qwen2_words(std::string_view s, std::size_t at) {
  return modern_words(s, at, 1);
}

std::size_t llama3_words(std::string_view s, std::size_t at) {
  return modern_words(s, at, 3);
}

std::size_t gpt2_words(std::string_view s, std::size_t at) {
  if (const std::size_t end = contraction(s, at, false); end > at) return end;
  const std::size_t start = s[at] == ' ' ? at + 1 : at;
  if (start < s.size()) {
    const Seen c = see(s, start);
    if (any_of<C::kLetter>(c)) return run(s, start, any_of<C::kLetter>);
    if (any_of<C::kNumber>(c)) return run(s, start, any_of<C::kNumber>);
    constexpr std::uint8_t kNotSymbol = C::kSpace | C::kLetter | C::kNumber;
    const std::size_t end = run(s, start, none_of<kNotSymbol>);
    if (end > start) return end;
  }
  return white_space(s, at, false);
}

// [Han]|\p{N}| ?[^\s\p{N}\p{P}\p{S}Han]+| ?[\p{P}\p{S}]|\s+ (training/tokenizer.py)
std::size_t mini_words(std::string_view s, std::size_t at) {
  constexpr std::uint8_t kMarks = C::kPunctuation | C::kSymbol;
  const auto is_han = [](const Seen& c) {
    return (c.point >= 0x3400 && c.point <= 0x4DBF) || (c.point >= 0x4E00 && c.point <= 0x9FFF) ||
           (c.point >= 0xF900 && c.point <= 0xFAFF);
  };
  const auto in_word = [&](const Seen& c) {
    constexpr std::uint8_t kOutside = C::kSpace | C::kNumber | kMarks;
    return none_of<kOutside>(c) && !is_han(c);
  };
  const Seen c = see(s, at);
  if (is_han(c) || any_of<C::kNumber>(c)) return at + c.length;
  const std::size_t start = c.point == ' ' ? at + c.length : at;
  if (const std::size_t end = run(s, start, in_word); end > start) return end;
  if (start < s.size()) {
    const Seen mark = see(s, start);
    if (any_of<kMarks>(mark)) return start + mark.length;
  }
  return run(s, at, any_of<C::kSpace>);
}

}  // namespace seine::engine::scanners
