#include "base/language.h"

#include <array>

#include "base/utf8.h"

namespace seine::base {

Language choose_language(std::string_view seine_lang, std::string_view lc_all,
                         std::string_view lc_messages, std::string_view lang) {
  for (const std::string_view value : std::array{seine_lang, lc_all, lc_messages, lang}) {
    if (value.empty()) continue;
    return value.starts_with("zh") ? Language::kChinese : Language::kEnglish;
  }
  return Language::kEnglish;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const DecodedPoint decoded = decode_utf8(text);
    text.remove_prefix(decoded.length);
    const char32_t p = decoded.point;
    const bool wide = (p >= 0x1100 && p <= 0x115F) || (p >= 0x2E80 && p <= 0xA4CF) ||
                      (p >= 0xAC00 && p <= 0xD7A3) || (p >= 0xF900 && p <= 0xFAFF) ||
                      (p >= 0xFE30 && p <= 0xFE6F) || (p >= 0xFF00 && p <= 0xFF60) ||
                      (p >= 0xFFE0 && p <= 0xFFE6) || (p >= 0x1F300 && p <= 0x1FAFF) ||
                      (p >= 0x20000 && p <= 0x3FFFD);
    width += wide ? 2 : 1;
  }
  return width;
}

}  // namespace seine::base
