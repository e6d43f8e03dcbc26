// Which elements of a tree a reader could see, judged from the source alone: attributes, inline
// styles and the page's own style blocks. What only a script or a fetched style sheet would change
// is not seen here; a rendered snapshot answers that. Pure over the tree, one thread.
#pragma once

#include <vector>

#include "web/extract/html/dom.h"

namespace seine::web {

// One entry per Node::id.
class Visibility {
 public:
  explicit Visibility(const html::Document& document);
  // Whether `node` itself, or something above it, hides it.
  bool hidden(const html::Node* node) const { return hidden_[node->id] != 0; }

 private:
  std::vector<std::uint8_t> hidden_;
};

}  // namespace seine::web
