#include "answer/cite/citation_parser.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

constexpr std::size_t kNumbersMax = 16;

bool opens(char32_t p) {
  return p == U'[' || p == U'【' || p == U'［';
}
bool closes(char32_t p) {
  return p == U']' || p == U'】' || p == U'］';
}

// Full-width forms as ASCII, letters in lower case, spaces gone.
void append_normal(std::string& out, char32_t p) {
  if (p >= 0xff01 && p <= 0xff5e) p -= 0xfee0;
  if (p == U'、') p = U',';
  if (p == U'–' || p == U'—') p = U'-';
  if (p == U' ' || p == U'　' || p == U'\t') return;
  if (p < 0x80) {
    out += base::ascii_lower(static_cast<char>(p));
  } else {
    base::append_utf8(out, p);
  }
}

std::optional<int> take_number(std::string_view& text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (digits == 0 || digits > 3) return std::nullopt;
  const auto value = base::parse_u64(text.substr(0, digits));
  text.remove_prefix(digits);
  return static_cast<int>(*value);
}

constexpr auto kNames = std::to_array<std::string_view>(
    {"citations:", "citation:", "cite:", "webpage:", "webpage", "source:", "引用:", "来源:"});

bool take_name(std::string_view& text) {
  for (const std::string_view name : kNames) {
    if (!text.starts_with(name)) continue;
    text.remove_prefix(name.size());
    return true;
  }
  return false;
}

struct Numbers {
  bool named = false;  // said "citation" or the like
  std::vector<int> list;
};

// What stands between the brackets; nothing when it is no citation.
std::optional<Numbers> read_inner(std::string_view inner) {
  Numbers out;
  if (inner.size() > 2 && inner.front() == '^' && inner.back() == '^') {
    inner = inner.substr(1, inner.size() - 2);
  }
  for (;;) {
    out.named |= take_name(inner);
    const auto first = take_number(inner);
    if (!first) return std::nullopt;
    int last = *first;
    if (inner.starts_with('-')) {
      inner.remove_prefix(1);
      take_name(inner);
      const auto to = take_number(inner);
      if (!to) return std::nullopt;
      last = *to;
    }
    if (inner.starts_with("†")) {
      out.named = true;
      inner = {};
    }
    for (int n = *first; n <= last && out.list.size() < kNumbersMax; ++n) {
      if (std::ranges::find(out.list, n) == out.list.end()) out.list.push_back(n);
    }
    if (inner.empty()) return out;
    if (inner.front() != ',' && inner.front() != ';') return std::nullopt;
    inner.remove_prefix(1);
  }
}

void push_text(std::vector<CitedPiece>& out, std::string& text) {
  if (text.empty()) return;
  if (!out.empty() && std::holds_alternative<std::string>(out.back())) {
    std::get<std::string>(out.back()) += text;
  } else {
    out.emplace_back(text);
  }
  text.clear();
}

}  // namespace

CitationParser::Found CitationParser::mark_at(std::string_view text, bool last) const {
  const Found more{last ? Match::kNo : Match::kMore};
  std::string inner;
  std::size_t at = base::decode_utf8(text).length;
  for (;;) {
    if (at > kMarkBytesMax) return {Match::kNo};
    const std::string_view rest = text.substr(at);
    if (rest.empty() || base::incomplete_utf8_suffix(rest) == rest.size()) return more;
    const base::DecodedPoint here = base::decode_utf8(rest);
    if (here.point == U'\n' || opens(here.point) || !here.valid) return {Match::kNo};
    at += here.length;
    if (closes(here.point)) break;
    append_normal(inner, here.point);
  }
  std::optional<Numbers> numbers = read_inner(inner);
  if (!numbers || (!numbers->named && !plain_)) return {Match::kNo};
  // The text of a link is not a citation.
  if (at == text.size() && !last) return {Match::kMore};
  if (at < text.size() && text[at] == '(') return {Match::kNo};
  CitationMark mark;
  for (const int n : numbers->list) {
    if (n >= 1 && n <= max_) mark.numbers.push_back(n);
  }
  // "[2024]" of running text.
  if (!numbers->named && mark.numbers.size() != numbers->list.size()) return {Match::kNo};
  return {Match::kYes, at, std::move(mark)};
}

// Moves code to `text`; true when held_ can be looked at again.
bool CitationParser::code(bool last, std::string& text) {
  std::size_t at = 0;
  while (at < held_.size()) {
    if (held_[at] == '\n' && fence_ < 3) {  // an inline span that never closed
      fence_ = 0;
      break;
    }
    if (held_[at] != '`') {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < held_.size() && held_[end] == '`') ++end;
    if (end == held_.size() && !last) break;  // the run may go on
    const bool closed = end - at == fence_ || (fence_ >= 3 && end - at > fence_);
    at = end;
    if (closed) {
      fence_ = 0;
      break;
    }
  }
  text += held_.substr(0, at);
  held_.erase(0, at);
  return fence_ == 0;
}

void CitationParser::run(bool last, std::vector<CitedPiece>& out) {
  std::string text;
  std::size_t at = 0;  // of held_: what stands before is decided to be text
  const auto settle = [&] {
    text += held_.substr(0, at);
    held_.erase(0, at);
    at = 0;
  };
  for (;;) {
    if (fence_ != 0) {
      settle();
      if (!code(last, text)) break;
      continue;
    }
    if (at >= held_.size()) break;
    const std::string_view rest = std::string_view(held_).substr(at);
    if (rest.front() == '`') {
      const std::size_t end = std::min(rest.find_first_not_of('`'), rest.size());
      if (end == rest.size() && !last) break;
      at += end;
      fence_ = end;
      continue;
    }
    if (!last && base::incomplete_utf8_suffix(rest) == rest.size()) break;
    const base::DecodedPoint here = base::decode_utf8(rest);
    if (!opens(here.point)) {
      at += here.length;
      continue;
    }
    Found found = mark_at(rest, last);
    if (found.match == Match::kMore) break;
    if (found.match == Match::kNo) {
      at += here.length;
      continue;
    }
    settle();
    push_text(out, text);
    out.emplace_back(std::move(found.mark));
    held_.erase(0, found.bytes);
  }
  settle();
  push_text(out, text);
}

std::vector<CitedPiece> CitationParser::feed(std::string_view piece) {
  std::vector<CitedPiece> out;
  held_ += piece;
  run(false, out);
  return out;
}

std::vector<CitedPiece> CitationParser::finish() {
  std::vector<CitedPiece> out;
  run(true, out);
  return out;
}

}  // namespace seine::answer
