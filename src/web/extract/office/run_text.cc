#include "web/extract/office/run_text.h"

#include "base/text.h"

namespace seine::web {

void RunText::add(std::string_view text, const RunLook& look) {
  if (text.empty()) return;
  if (!runs_.empty() && runs_.back().markdown.empty() && runs_.back().look == look) {
    runs_.back().text += text;
  } else {
    runs_.push_back({std::string(text), look});
  }
}

void RunText::line_break() {
  if (!runs_.empty()) add("\n", runs_.back().look);
}

void RunText::mark(std::string_view markdown, std::string_view plain) {
  runs_.push_back({std::string(plain), {}, std::string(markdown)});
}

void RunText::append_to(InlineText& line, Emphasis emphasis) {
  for (const Run& run : runs_) {
    if (!run.markdown.empty()) {
      line.verbatim(run.markdown, run.text, 0);
      continue;
    }
    const bool blank = base::trim(run.text).empty();
    const bool bold = run.look.bold && !blank && emphasis == Emphasis::kKeep;
    const bool italic = run.look.italic && !blank && emphasis == Emphasis::kKeep;
    const bool link = !run.look.link.empty() && !blank;
    if (link) line.open_link();
    if (bold) line.open("**");
    if (italic) line.open("*");
    bool first = true;
    for (const std::string_view part : base::split(run.text, '\n')) {
      // Marks do not reach over a line end.
      if (!first && (bold || italic || link)) line.space();
      if (!first && !bold && !italic && !link) line.line_break();
      first = false;
      line.text(part, 0);
    }
    if (italic) line.close("*");
    if (bold) line.close("**");
    if (link) line.close_link(run.look.link);
  }
  runs_.clear();
}

InlineText RunText::take(Emphasis emphasis) {
  InlineText line;
  append_to(line, emphasis);
  return line;
}

bool is_on(const XmlReader& xml) {
  const std::string value = xml.attribute("val").value_or("1");
  return value != "0" && value != "false" && value != "off" && value != "none";
}

}  // namespace seine::web
