// An answer's text with its citations, put together while a model writes. Each mark is checked as
// it comes, against the pages: one that stands wrong is moved to a source that says it, or dropped
// where nothing read has to do with it; what is left without support is marked so. What a reader
// has seen therefore never changes. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "answer/cite/evidence.h"
#include "answer/types.h"

namespace seine::answer {

// A mark: it stands after byte `at` of the text without marks.
struct Anchor {
  std::size_t at = 0;
  int source = 0;      // Source::id
  bool space = false;  // a space stands before it
  std::string quote = {};
  ByteSpan span = {};
  std::string place = {};  // Citation::anchor
  Support support = Support::kUnsupported;
};

// The text without marks, and the marks.
struct CitedText {
  std::string text;
  std::vector<Anchor> anchors;  // by place
};

class CitationCheck {
 public:
  struct Counts {
    std::size_t kept = 0;
    std::size_t moved = 0;
    std::size_t dropped = 0;
    std::size_t unsupported = 0;  // kept and marked
  };

  // All outlive it. `source_of_page` gives the Source::id of each page; a source that was not
  // opened has none, and its marks go.
  CitationCheck(const Evidence& evidence, const std::vector<Page>& pages,
                const std::vector<int>& source_of_page)
      : evidence_(evidence), pages_(pages), source_of_page_(source_of_page) {}

  // Sets a mark for `source` behind what has been written; the trailing spaces become the mark's.
  // Nothing when it was dropped: the text is then as before.
  const Anchor* mark(CitedText& cited, int source);
  const Counts& counts() const { return counts_; }

 private:
  std::optional<Finding> find(std::string_view text, int source) const;

  const Evidence& evidence_;
  const std::vector<Page>& pages_;
  const std::vector<int>& source_of_page_;
  Counts counts_;
};

struct Rendered {
  std::string text;  // with "[1]" marks, numbered by first appearance
  std::vector<Citation> citations;
};
Rendered render(const CitedText& cited);

}  // namespace seine::answer
