#include "engine/template/ast.h"

#include <utility>

namespace seine::engine::jinja {

Node::~Node() {
  std::vector<NodePtr> work = std::move(parts);
  while (!work.empty()) {
    const NodePtr node = std::move(work.back());
    work.pop_back();
    if (!node) continue;
    for (NodePtr& part : node->parts) work.push_back(std::move(part));
    node->parts.clear();
  }
}

}  // namespace seine::engine::jinja
