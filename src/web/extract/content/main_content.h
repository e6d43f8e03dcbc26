// Finds the part of a page that a reader came for, in two readings. Rules find the subtree whose
// text reads most like content (sentences count for, short linked fragments against) and what in it
// is still navigation, sharing or a list of other pages. Then each run of text is judged by learned
// weights of some fifty features, what the rules say among them. Pure over the tree, one thread,
// linear in its size.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "web/extract/content/hints.h"
#include "web/extract/content/run_features.h"
#include "web/extract/html/dom.h"
#include "web/extract/style/visibility.h"

namespace seine::web {

struct MainContent {
  const html::Node* root = nullptr;   // around all that is kept; nullptr: nothing is
  std::vector<std::uint8_t> dropped;  // by Node::id: this node and what is below it is left out
  std::uint32_t text_length = 0;      // of what is kept, as measure_text counts
  std::uint32_t page_length = 0;      // of everything visible
};

struct MainContentOptions {
  bool keep_comments = false;
};

MainContent find_main_content(const html::Document& document, const Visibility& visibility,
                              std::string_view title, std::string_view description,
                              MainContentOptions options = {});

// Every run of text with its features: what the weights are learned from.
struct RunReport {
  std::vector<TextRun> runs;
  std::vector<RunVector> vectors;
};
RunReport describe_runs(const html::Document& document, const Visibility& visibility,
                        std::string_view title, std::string_view description);

}  // namespace seine::web
