// The runs of a paragraph to inline Markdown. Word processors cut a sentence into runs at will, so
// neighbours of one look are joined first. Internal to office/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/extract/markdown/inline_text.h"
#include "web/extract/office/xml_reader.h"

namespace seine::web {

struct RunLook {
  bool bold = false;
  bool italic = false;
  std::string link = {};
  bool operator==(const RunLook&) const = default;
};

enum class Emphasis : std::uint8_t { kKeep, kDrop };

class RunText {
 public:
  void add(std::string_view text, const RunLook& look);
  void line_break();
  // Markdown as it stands beside its plain form, such as the mark of a footnote.
  void mark(std::string_view markdown, std::string_view plain);
  bool empty() const { return runs_.empty(); }
  // Leaves it empty.
  InlineText take(Emphasis emphasis);
  void append_to(InlineText& line, Emphasis emphasis);

 private:
  struct Run {
    std::string text;
    RunLook look;
    std::string markdown = {};  // of a mark
  };
  std::vector<Run> runs_;
};

// <w:b/>, <w:b w:val="0"/>: whether a switch is on.
bool is_on(const XmlReader& xml);

}  // namespace seine::web
