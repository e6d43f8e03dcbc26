// What an inline element does to the line it stands in: emphasis, code, links, images, formulas,
// line breaks. Shared by the block writer and by table cells. Internal to markdown/.
#pragma once

#include "web/extract/html/dom.h"
#include "web/extract/markdown/inline_text.h"
#include "web/extract/markdown/writer.h"

namespace seine::web {

class InlineWalk {
 public:
  InlineWalk(const WriterOptions& options, InlineText& line) : options_(options), line_(line) {}
  // True when the element is done with here and its children are not for reading.
  bool leaf(const html::Node* node);
  void open(const html::Node* node);
  void close(const html::Node* node);

 private:
  std::string absolute(std::string_view reference) const;
  const WriterOptions& options_;
  InlineText& line_;
};

// The inline content of a subtree as one line: blocks inside it are parted by spaces.
void write_inline(const html::Node* root, const WriterOptions& options, InlineText& line);

}  // namespace seine::web
