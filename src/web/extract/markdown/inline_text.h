// Collects the inline content of one block in both forms, Markdown and plain text, with white space
// collapsed as a browser shows it. Internal to markdown/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/extract/html/dom.h"

namespace seine::web {

class InlineText {
 public:
  // Text as the source has it, invisible characters already removed or not.
  void text(std::string_view raw, std::uint32_t offset);
  void verbatim(std::string_view markdown, std::string_view plain, std::uint32_t offset);
  void line_break();
  // A gap where blocks meet inside one line (table cells).
  void space() { pending_space_ = true; }

  // Emphasis, code and links nest; a pair around nothing leaves no trace.
  void open(std::string_view mark);
  void close(std::string_view mark);
  void open_link();
  void close_link(std::string_view url);

  bool empty() const { return plain_.empty() && markdown_.empty(); }
  std::uint32_t offset() const { return offset_.value_or(0); }
  bool in_code() const { return code_depth_ > 0; }
  std::string take_markdown();
  std::string take_plain();
  void reset();

 private:
  struct Open {
    std::size_t at;      // in markdown_, where the mark was put
    std::size_t plain;   // size of plain_ then
    std::size_t length;  // of the mark
  };
  void put_space();
  void append_escaped(std::string_view word);

  std::string markdown_;
  std::string plain_;
  std::vector<Open> open_;
  std::optional<std::uint32_t> offset_;
  bool pending_space_ = false;
  int code_depth_ = 0;
};

// "1. January" or "# 1" as text must not become a list or a heading.
void guard_line_start(std::string& markdown);

}  // namespace seine::web
