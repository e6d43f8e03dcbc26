#include "engine/tokenizer/scanners.h"

#include "engine/tokenizer/char_class.h"

namespace seine::engine::scanners {
namespace {

using C = CharClasses;

struct Seen {
  char32_t point;
  std::uint32_t length;
  C::Flags flags;
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

template <C::Flags kFlags>
bool any_of(const Seen& c) {
  return (c.flags & kFlags) != 0;
}

template <C::Flags kFlags>
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
  constexpr C::Flags kNotSymbol = C::kSpace | C::kLetter | C::kNumber;
  const std::size_t start = c.point == ' ' ? next : at;
  const std::size_t end = run(s, start, none_of<kNotSymbol>);
  if (end > start) return run(s, end, any_of<C::kNewline>);
  return white_space(s, at, true);
}

}  // namespace

C::Flags starts_of(MatchAt match) {
  if (match == newline) return C::kNewline;
  if (match == number || match == number_run || match == number_three) return C::kNumber;
  if (match == trailing_space) return C::kSpace;
  if (match == spaced_letters) return C::kSpace | C::kLetter;
  if (match == spaced_marks) return C::kSpace | C::kPunctuation;
  if (match == llm_letters) return C::kSpace | C::kCased;
  if (match == llm_punctuation) return C::kSpace | C::kLlmMark;
  if (match == llm_asian || match == v3_asian) return C::kFarEast;
  return 0;
}

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
  // What follows white space is no start: a match would have begun before it. Without this a long
  // run that is not at the end would be read from each of its points.
  std::size_t before = at - (at > 0 ? 1 : 0);
  while (before > 0 && at - before < 3 && (s[before] & 0xC0) == 0x80) --before;
  if (const Seen c = see(s, before); before + c.length == at && any_of<C::kSpace>(c)) return at;
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
  return spaced_run(s, at, any_of<C::kCased>);
}

std::size_t llm_punctuation(std::string_view s, std::size_t at) {
  return spaced_run(s, at, any_of<C::kLlmMark>);
}

std::size_t llm_asian(std::string_view s, std::size_t at) {
  return run(s, at, any_of<C::kFarEast>);
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
  constexpr C::Flags kWord = C::kLetter | C::kMark;
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
    constexpr C::Flags kNotSymbol = C::kSpace | C::kLetter | C::kNumber;
    const std::size_t end = run(s, start, none_of<kNotSymbol>);
    if (end > start) return end;
  }
  return white_space(s, at, false);
}

// [Han]|\p{N}| ?[^\s\p{N}\p{P}\p{S}Han]+| ?[\p{P}\p{S}]|\s+ (training/tokenizer.py)
std::size_t mini_words(std::string_view s, std::size_t at) {
  constexpr C::Flags kMarks = C::kPunctuation | C::kSymbol;
  const auto is_han = [](const Seen& c) {
    return (c.point >= 0x3400 && c.point <= 0x4DBF) || (c.point >= 0x4E00 && c.point <= 0x9FFF) ||
           (c.point >= 0xF900 && c.point <= 0xFAFF);
  };
  const auto in_word = [&](const Seen& c) {
    constexpr C::Flags kOutside = C::kSpace | C::kNumber | kMarks;
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
