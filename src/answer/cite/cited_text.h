// An answer's text with its citations: put together while a model writes, then checked sentence by
// sentence against the pages: a mark that stands wrong is moved to a source that says it, or
// dropped where nothing read has to do with it; what is left without support is marked. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "answer/cite/evidence.h"
#include "answer/types.h"

namespace seine::answer {

// Where a mark stands: after byte `at` of the text without marks.
struct Anchor {
  std::size_t at = 0;
  int source = 0;      // Source::id
  bool space = false;  // a space stood before it
};

// The text without marks, and the marks.
struct CitedText {
  std::string text;
  std::vector<Anchor> anchors;  // by place

  // Appends words; the space before a mark that follows is taken back by mark().
  void words(std::string_view piece) { text += piece; }
  void mark(int source);
};

struct Rendered {
  std::string text;  // with "[1]" marks numbered by first appearance
  std::vector<Citation> citations;
};

// Numbers the marks and computes code point positions and sentences; spans and support are empty.
Rendered render(const CitedText& cited);

struct Checked {
  Rendered rendered;
  std::size_t kept = 0;
  std::size_t moved = 0;
  std::size_t dropped = 0;
  std::size_t unsupported = 0;  // kept and marked
};

// `page_of[source id]` is the index of its page in `pages`; sources that were not opened have none
// and their marks go.
Checked check_citations(const CitedText& cited, Evidence& evidence, const std::vector<Page>& pages,
                        const std::vector<int>& source_of_page);

}  // namespace seine::answer
