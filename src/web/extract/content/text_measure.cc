#include "web/extract/content/text_measure.h"

#include <algorithm>

#include "base/utf8.h"

namespace seine::web {
namespace {

bool is_bidi_control(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
         c == 0x200F || c == 0x061C;
}

// Joiners have work to do between letters of Indic and Arabic scripts and inside emoji.
bool needs_joiner(char32_t c) {
  return (c >= 0x0600 && c < 0x1000) || c >= 0x2600;
}

bool is_invisible(char32_t c) {
  return (c >= 0xE0000 && c <= 0xE0FFF) || c == 0x200B || c == 0x2060 || c == 0xFEFF ||
         c == 0x00AD || c == 0x180E || (c >= 0x2061 && c <= 0x2064) || c == 0x034F || c == 0x115F ||
         c == 0x1160 || c == 0x3164 || is_bidi_control(c) || (c < 0x20 && c != '\n' && c != '\t') ||
         (c >= 0x7F && c < 0xA0) || (c >= 0xFFF9 && c <= 0xFFFB);
}

}  // namespace

bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
         (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE4F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0x20000 && c <= 0x3FFFF);
}

TextMeasure measure_text(std::string_view text) {
  TextMeasure out;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      ++i;
      if (byte <= ' ') continue;
      ++out.length;
      if (byte == ',' || byte == ';') ++out.commas;
      const bool ends = i >= text.size() || static_cast<unsigned char>(text[i]) <= ' ' ||
                        text[i] == '"' || text[i] == '\'' || text[i] == ')' ||
                        static_cast<unsigned char>(text[i]) >= 0x80;
      if ((byte == '.' || byte == '!' || byte == '?') && ends) ++out.sentences;
      continue;
    }
    const base::DecodedPoint decoded = base::decode_utf8(text.substr(i));
    i += decoded.length;
    const char32_t c = decoded.point;
    if (c == 0xA0 || c == 0x3000 || is_invisible(c)) continue;
    out.length += is_wide(c) ? 2 : 1;
    if (c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0x2026) ++out.sentences;
    if (c == 0xFF0C || c == 0x3001 || c == 0xFF1B) ++out.commas;
  }
  return out;
}

bool has_invisible(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 ? byte != '\n' && byte != '\t' : byte == 0x7F) return true;
    // Lead bytes of every character above that could be dropped.
    if (byte == 0xC2 || byte == 0xCD || byte == 0xD8 || byte == 0xE1 || byte == 0xE2 ||
        byte == 0xE3 || byte == 0xEF || byte == 0xF3) {
      const char32_t c = base::decode_utf8(text.substr(i)).point;
      if (is_invisible(c) || c == 0x200C || c == 0x200D) return true;
    }
  }
  return false;
}

std::string strip_invisible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  char32_t before = 0;
  for (std::size_t i = 0; i < text.size();) {
    const base::DecodedPoint decoded = base::decode_utf8(text.substr(i));
    i += decoded.length;
    const char32_t c = decoded.point;
    if (is_invisible(c)) continue;
    if (c == 0x200C || c == 0x200D) {
      const char32_t after = i < text.size() ? base::decode_utf8(text.substr(i)).point : 0;
      if (!needs_joiner(before) || !needs_joiner(after)) continue;
    }
    base::append_utf8(out, c);
    before = c;
  }
  return out;
}

}  // namespace seine::web
