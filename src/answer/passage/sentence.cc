#include "answer/passage/sentence.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

constexpr auto kAbbreviations = std::to_array<std::string_view>(
    {"mr",   "mrs",    "ms",   "dr",  "prof", "st",  "sr",   "jr",  "vs",  "etc", "no",
     "nos",  "vol",    "fig",  "inc", "ltd",  "co",  "corp", "gen", "col", "lt",  "sgt",
     "capt", "gov",    "sen",  "rep", "rev",  "jan", "feb",  "mar", "apr", "jun", "jul",
     "aug",  "sep",    "sept", "oct", "nov",  "dec", "e.g",  "i.e", "a.m", "p.m", "cf",
     "al",   "approx", "dept", "est", "mt",   "ft",  "pp",   "op",  "u.s", "u.k", "u.n",
     "d.c",  "ph.d",   "b.c",  "a.d", "ca",   "eq",  "sec",  "ch",  "ed"});

bool is_han_end(char32_t p) {
  return p == U'。' || p == U'！' || p == U'？' || p == U'；' || p == U'…' || p == U'｡';
}

// What may stand between the end mark and the next sentence.
bool is_closer(char32_t p) {
  return p == U'"' || p == U'\'' || p == U')' || p == U']' || p == U'”' || p == U'’' ||
         p == U'」' || p == U'』' || p == U'）' || p == U'】' || p == U'》' || p == U'*' ||
         p == U'_';
}

// The word that ends just before `at`, lower-cased, with inner points.
std::string word_before(std::string_view text, std::size_t at) {
  std::size_t begin = at;
  while (begin > 0 && at - begin < 16) {
    const char c = text[begin - 1];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
    if (!letter) break;
    --begin;
  }
  return base::ascii_lower(text.substr(begin, at - begin));
}

bool point_ends(std::string_view text, std::size_t at, std::size_t next) {
  if (next >= text.size()) return true;
  if (!base::is_space(text[next])) return false;
  const std::string word = word_before(text, at);
  const bool initial = word.size() == 1 || (word.size() == 3 && word[1] == '.');
  if (initial && word != "i") return false;
  if (std::ranges::find(kAbbreviations, word) != kAbbreviations.end()) return false;
  std::size_t i = next;
  while (i < text.size() && base::is_space(text[i])) ++i;
  // A sentence does not go on in lower case.
  return i >= text.size() || !(text[i] >= 'a' && text[i] <= 'z');
}

// Past the address of a link whose "](" is at `at`; `at` when there is none.
std::size_t skip_address(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("](")) return at;
  const std::size_t end = text.substr(0, at + 4096).find(')', at + 2);
  return end == std::string_view::npos || text.substr(at, end - at).find('\n') != std::string::npos
             ? at
             : end + 1;
}

// A place to cut a sentence that is too long: after a clause mark, else at a space, else anywhere.
std::size_t cut_point(std::string_view text) {
  const std::size_t limit = base::utf8_prefix(text, kSentenceBytesMax);
  for (const std::string_view mark : {"，", "、", ", ", ";", " "}) {
    const std::size_t found = text.substr(0, limit).rfind(mark);
    if (found != std::string_view::npos && found > limit / 3) return found + mark.size();
  }
  return limit > 0 ? limit : std::min<std::size_t>(text.size(), kSentenceBytesMax);
}

void add(std::string_view text, std::size_t begin, std::size_t end, std::vector<ByteSpan>& out) {
  while (begin < end && base::is_space(text[begin])) ++begin;
  while (end > begin && base::is_space(text[end - 1])) --end;
  while (end - begin > kSentenceBytesMax) {
    const std::size_t cut = begin + cut_point(text.substr(begin, end - begin));
    std::size_t stop = cut;
    while (stop > begin && base::is_space(text[stop - 1])) --stop;
    if (stop > begin) out.push_back({begin, stop});
    begin = cut;
    while (begin < end && base::is_space(text[begin])) ++begin;
  }
  if (begin < end) out.push_back({begin, end});
}

}  // namespace

std::vector<ByteSpan> split_sentences(std::string_view text, bool lines) {
  std::vector<ByteSpan> out;
  std::size_t begin = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    if (const std::size_t past = skip_address(text, i); past != i) {
      i = past;
      continue;
    }
    const base::DecodedPoint here = base::decode_utf8(text.substr(i));
    const std::size_t next = i + here.length;
    const bool blank_line = here.point == U'\n' && text.substr(next).starts_with("\n");
    if (here.point == U'\n' && (lines || blank_line)) {
      add(text, begin, i, out);
      begin = next;
      i = next;
      continue;
    }
    const bool latin = here.point == U'.' || here.point == U'!' || here.point == U'?';
    if (!latin && !is_han_end(here.point)) {
      i = next;
      continue;
    }
    // Marks in a row and closing quotes belong to the sentence they end.
    std::size_t end = next;
    while (end < text.size()) {
      const base::DecodedPoint point = base::decode_utf8(text.substr(end));
      const bool mark = point.point == U'.' || point.point == U'!' || point.point == U'?' ||
                        is_han_end(point.point);
      if (!mark && !is_closer(point.point)) break;
      if (point.point == U']' && skip_address(text, end) != end) {
        end = skip_address(text, end);
        continue;
      }
      end += point.length;
    }
    if (is_han_end(here.point) || point_ends(text, i, end)) {
      add(text, begin, end, out);
      begin = end;
    }
    i = end;
  }
  add(text, begin, text.size(), out);
  return out;
}

}  // namespace seine::answer
