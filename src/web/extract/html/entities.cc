#include "web/extract/html/entities.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/utf8.h"

namespace seine::web::html {
namespace {

constexpr char kTable[] =
#include "web/extract/html/entity_table.inc"
    ;

struct Entry {
  std::string_view name;
  std::string_view text;
  bool bare;  // known without its semicolon
};

// Slices of kTable, made once: 2,125 entries.
const std::vector<Entry>& entries() {
  static const std::vector<Entry> made = [] {
    std::vector<Entry> list;
    list.reserve(2125);
    const char* at = kTable;
    const char* const end = kTable + sizeof kTable - 1;
    while (at < end) {
      std::string_view name(at);
      at += name.size() + 1;
      // The text of a reference is never empty and holds no zero byte.
      const std::string_view text(at);
      at += text.size() + 1;
      const bool bare = name.ends_with('!');
      if (bare) name.remove_suffix(1);
      list.push_back({name, text, bare});
    }
    std::ranges::sort(list, {}, &Entry::name);
    return list;
  }();
  return made;
}

const Entry* find_entity(std::string_view name) {
  const auto& list = entries();
  const auto found = std::ranges::lower_bound(list, name, {}, &Entry::name);
  return found != list.end() && found->name == name ? &*found : nullptr;
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Bytes 0x80-0x9F of windows-1252, which numeric references mean by history.
constexpr std::array<char16_t, 32> kC1 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

std::size_t decode_numeric(std::string_view text, std::string& out) {
  std::size_t at = 2;
  const bool hex = at < text.size() && (text[at] == 'x' || text[at] == 'X');
  if (hex) ++at;
  const std::size_t digits = at;
  char32_t value = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    const char lower = static_cast<char>(c | 32);
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (hex && lower >= 'a' && lower <= 'f') {
      digit = static_cast<unsigned>(lower - 'a' + 10);
    } else {
      break;
    }
    value = std::min<char32_t>(value * (hex ? 16 : 10) + digit, 0x110000);
  }
  if (at == digits) return 0;
  if (at < text.size() && text[at] == ';') ++at;
  if (value >= 0x80 && value < 0xA0) value = kC1[value - 0x80];
  if (value == 0) value = base::kReplacement;
  base::append_utf8(out, value);  // surrogates and values past U+10FFFF become U+FFFD there
  return at;
}

constexpr std::size_t kEntityBytesMax = 32;
constexpr std::size_t kBareBytesMax = 6;  // the longest reference known without a semicolon

}  // namespace

std::size_t decode_reference(std::string_view text, bool in_attribute, std::string& out) {
  if (text.size() < 2) return 0;
  if (text[1] == '#') return decode_numeric(text, out);
  std::size_t run = 0;
  while (run < kEntityBytesMax && run + 1 < text.size() && is_alnum(text[run + 1])) ++run;
  if (run < 2) return 0;
  if (run + 1 < text.size() && text[run + 1] == ';') {
    if (const Entry* whole = find_entity(text.substr(1, run))) {
      out += whole->text;
      return run + 2;
    }
  }
  for (std::size_t length = std::min(run, kBareBytesMax); length >= 2; --length) {
    const Entry* entry = find_entity(text.substr(1, length));
    if (entry == nullptr || !entry->bare) continue;
    const char after = length + 1 < text.size() ? text[length + 1] : '\0';
    if (in_attribute && (after == '=' || is_alnum(after))) return 0;
    out += entry->text;
    return length + 1;
  }
  return 0;
}

std::string decode_references(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    const std::size_t amp = text.find('&');
    out += text.substr(0, amp);
    if (amp == std::string_view::npos) return out;
    text.remove_prefix(amp);
    const std::size_t used = decode_reference(text, true, out);
    if (used == 0) out.push_back('&');
    text.remove_prefix(std::max<std::size_t>(used, 1));
  }
}

}  // namespace seine::web::html
