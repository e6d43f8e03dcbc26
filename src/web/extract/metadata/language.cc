#include "web/extract/metadata/language.h"

#include "base/utf8.h"

namespace seine::web {

void ScriptCounts::add(std::string_view text) {
  for (const char32_t c : base::to_utf32(text)) {
    if (c >= 0x3040 && c < 0x3100)
      ++kana_;
    else if (c >= 0x4E00 && c < 0xA000)
      ++han_;
    else if (c >= 0xAC00 && c < 0xD7A4)
      ++hangul_;
    else if (c >= 0x400 && c < 0x530)
      ++cyrillic_;
    else if ((c | 32) >= 'a' && (c | 32) <= 'z')
      ++latin_;
  }
}

std::string ScriptCounts::language() const {
  if (kana_ > 20 && kana_ * 5 > han_) return "ja";
  if (hangul_ > han_ && hangul_ * 2 > latin_) return "ko";
  if (han_ * 3 > latin_ && han_ > 20) return "zh";
  if (cyrillic_ > latin_) return "ru";
  return latin_ > 0 ? "en" : "";
}

}  // namespace seine::web
