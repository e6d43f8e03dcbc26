#include "web/extract/markdown/inline_text.h"

#include <algorithm>
#include <array>

#include "web/extract/content/text_measure.h"

namespace seine::web {
namespace {

bool is_space_byte(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

constexpr std::size_t kNestingMax = 64;

}  // namespace

void InlineText::put_space() {
  if (!pending_space_) return;
  pending_space_ = false;
  if (!plain_.empty() && plain_.back() != '\n' && plain_.back() != ' ') plain_.push_back(' ');
  if (!markdown_.empty() && markdown_.back() != '\n' && markdown_.back() != ' ')
    markdown_.push_back(' ');
}

// The characters that would start a construct of their own in running text.
void InlineText::append_escaped(std::string_view word) {
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    const bool escapes = c == '\\' || c == '`' || c == '*' || c == '[' || c == ']' || c == '<' ||
                         (c == '_' && (i == 0 || i + 1 == word.size()));
    if (escapes) markdown_.push_back('\\');
    markdown_.push_back(c);
  }
}

void InlineText::text(std::string_view raw, std::uint32_t offset) {
  std::string clean;
  const char* const start = raw.data();
  const bool stripped = has_invisible(raw);
  if (stripped) {
    clean = strip_invisible(raw);
    raw = clean;
  }
  for (std::size_t at = 0; at < raw.size();) {
    if (is_space_byte(raw[at])) {
      pending_space_ = true;
      ++at;
      continue;
    }
    // U+00A0 and U+3000 are shown as space; a run of them is still one gap.
    if (raw.substr(at).starts_with("\xC2\xA0")) {
      pending_space_ = true;
      at += 2;
      continue;
    }
    if (raw.substr(at).starts_with("\xE3\x80\x80")) {
      pending_space_ = true;
      at += 3;
      continue;
    }
    std::size_t end = at;
    while (end < raw.size() && !is_space_byte(raw[end]) &&
           !raw.substr(end).starts_with("\xC2\xA0") &&
           !raw.substr(end).starts_with("\xE3\x80\x80")) {
      ++end;
    }
    put_space();
    if (!offset_)
      offset_ = offset + (stripped ? 0 : static_cast<std::uint32_t>(raw.data() + at - start));
    const std::string_view word = raw.substr(at, end - at);
    plain_ += word;
    if (code_depth_ > 0) {
      markdown_ += word;
    } else {
      append_escaped(word);
    }
    at = end;
  }
}

void InlineText::verbatim(std::string_view markdown, std::string_view plain, std::uint32_t offset) {
  put_space();
  if (!offset_) offset_ = offset;
  markdown_ += markdown;
  plain_ += plain;
}

void InlineText::line_break() {
  pending_space_ = false;
  if (plain_.empty()) return;
  while (plain_.ends_with(' ')) plain_.pop_back();
  if (!plain_.ends_with('\n')) {
    plain_.push_back('\n');
    markdown_ += "\n";
  }
}

void InlineText::open(std::string_view mark) {
  if (mark == "`") ++code_depth_;
  if (open_.size() >= kNestingMax || (code_depth_ > 1 && mark == "`")) {
    open_.push_back({markdown_.size(), plain_.size(), 0});
    return;
  }
  put_space();
  open_.push_back({markdown_.size(), plain_.size(), mark.size()});
  markdown_ += mark;
}

void InlineText::close(std::string_view mark) {
  if (mark == "`" && code_depth_ > 0) --code_depth_;
  if (open_.empty()) return;
  const Open opened = open_.back();
  open_.pop_back();
  if (opened.length == 0) return;
  if (plain_.size() <= opened.plain || opened.at + opened.length > markdown_.size()) {
    markdown_.resize(std::min(opened.at, markdown_.size()));
    return;
  }
  markdown_ += mark;
}

void InlineText::open_link() {
  open("[");
}

void InlineText::close_link(std::string_view url) {
  if (open_.empty()) return;
  const Open opened = open_.back();
  open_.pop_back();
  if (opened.length == 0) return;
  const std::string_view inside =
      std::string_view(markdown_).substr(std::min(opened.at + 1, markdown_.size()));
  if (inside.empty()) {
    markdown_.resize(std::min(opened.at, markdown_.size()));
    return;
  }
  if (url.empty()) {
    markdown_.erase(opened.at, 1);
    return;
  }
  markdown_ += "](";
  for (const char c : url) {
    if (c == ')' || c == '(' || c == ' ' || c == '\\') {
      markdown_ += c == ')' ? "%29" : c == '(' ? "%28" : c == ' ' ? "%20" : "%5C";
    } else {
      markdown_.push_back(c);
    }
  }
  markdown_ += ")";
}

std::string InlineText::take_markdown() {
  while (!markdown_.empty() && is_space_byte(markdown_.back())) markdown_.pop_back();
  return std::move(markdown_);
}

std::string InlineText::take_plain() {
  while (!plain_.empty() && is_space_byte(plain_.back())) plain_.pop_back();
  return std::move(plain_);
}

void InlineText::reset() {
  markdown_.clear();
  plain_.clear();
  // Marks that are still open go on in the next block, without a trace: their pair closes nothing.
  for (Open& opened : open_) opened = {0, 0, 0};
  offset_.reset();
  pending_space_ = false;
}

void guard_line_start(std::string& markdown) {
  if (markdown.empty()) return;
  const char c = markdown.front();
  const std::size_t digits = markdown.find_first_not_of("0123456789");
  if (c == '#' || c == '>' ||
      ((c == '-' || c == '+') && markdown.size() > 1 && markdown[1] == ' ')) {
    markdown.insert(0, 1, '\\');
  } else if (digits != 0 && digits != std::string::npos && digits < 10 && markdown[digits] == '.' &&
             markdown.size() > digits + 1 && markdown[digits + 1] == ' ') {
    markdown.insert(digits, 1, '\\');
  }
}

}  // namespace seine::web
