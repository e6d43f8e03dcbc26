#include "engine/eval/words.h"

#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::engine {
namespace {

bool is_han(char32_t c) {
  return (c >= 0x3400 && c <= 0x9FFF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}

// CJK and general punctuation, and full-width forms of ASCII marks.
bool is_mark(char32_t c) {
  if (c < 0x80)
    return (c > 0x20 && c < 0x30) || (c > 0x39 && c < 0x41) || (c > 0x5A && c < 0x61) ||
           (c > 0x7A && c < 0x7F);
  return (c >= 0x2010 && c <= 0x2027) || (c >= 0x3001 && c <= 0x3011) || c == 0xB7 ||
         (c >= 0xFF01 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20) || c == 0xFF5E;
}

}  // namespace

Words words_of(std::string_view text) {
  Words out;
  std::string word;
  const auto close = [&] {
    if (!word.empty()) out.words.push_back(std::exchange(word, {}));
  };
  while (!text.empty()) {
    const base::DecodedPoint at = base::decode_utf8(text);
    text.remove_prefix(at.length);
    if (at.point <= 0x20 || at.point == 0xA0 || at.point == 0x3000) {
      close();
    } else if (is_han(at.point)) {
      close();
      base::append_utf8(word, at.point);
      close();
      out.has_han = true;
    } else if (!is_mark(at.point)) {
      base::append_utf8(word, at.point < 0x80 ? static_cast<char32_t>(
                                                    base::ascii_lower(static_cast<char>(at.point)))
                                              : at.point);
    }
  }
  close();
  return out;
}

}  // namespace seine::engine
