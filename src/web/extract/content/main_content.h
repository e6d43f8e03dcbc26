// Finds the part of a page that a reader came for. Each block of text is weighed by what it looks
// like (sentences count for, short linked fragments against); the subtree with the greatest sum is
// the main part, and inside it what is still navigation, sharing or a list of other pages is left
// out. Pure over the tree, one thread, linear in its size.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "web/extract/content/hints.h"
#include "web/extract/html/dom.h"
#include "web/extract/style/visibility.h"

namespace seine::web {

struct MainContent {
  const html::Node* root = nullptr;   // nullptr: nothing that reads like content
  std::vector<std::uint8_t> dropped;  // by Node::id: this node and what is below it is left out
  std::uint32_t text_length = 0;      // of what is kept, as measure_text counts
  std::uint32_t page_length = 0;      // of everything visible
};

struct MainContentOptions {
  bool keep_comments = false;
};

MainContent find_main_content(const html::Document& document, const Visibility& visibility,
                              std::string_view title, MainContentOptions options = {});

}  // namespace seine::web
