#include "web/extract/text/join.h"

#include "base/utf8.h"
#include "web/extract/content/text_measure.h"

namespace seine::web {
namespace {

char32_t last_point(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0 && (static_cast<unsigned char>(text[--at]) & 0xC0U) == 0x80) {
  }
  return text.empty() ? 0 : base::decode_utf8(text.substr(at)).point;
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_letter(char32_t c) {
  return (c | 32) >= 'a' && (c | 32) <= 'z';
}

bool needs_space(char32_t before, char32_t after) {
  if (is_wide(before)) return is_letter(after);
  if (is_wide(after)) return is_letter(before);
  return true;
}

}  // namespace

void append_word(std::string& text, std::string_view next) {
  if (!text.empty() && needs_space(last_point(text), base::decode_utf8(next).point)) text += ' ';
  text += next;
}

void append_line(std::string& text, std::string_view next) {
  const bool broken = text.size() > 1 && text.ends_with('-') && is_lower(text[text.size() - 2]) &&
                      is_lower(next.front());
  if (!broken) return append_word(text, next);
  text.pop_back();
  text += next;
}

}  // namespace seine::web
