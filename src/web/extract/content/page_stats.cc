#include "web/extract/content/page_stats.h"

namespace seine::web {

using html::Node;
using html::Tag;

namespace {

// Text that reads like sentences, outside links: what no menu has much of.
void count_prose(NodeStats& stats) {
  if (stats.own >= 80 && stats.own_link * 3 < stats.own &&
      stats.own_sentences + stats.own_commas > 0) {
    stats.prose += stats.own - stats.own_link;
  }
}

// Gathers the runs of text while the tree is walked.
class RunMaker {
 public:
  explicit RunMaker(std::vector<TextRun>& runs) : runs_(runs) {}
  void text(const Node* node, const Node* block, bool link, const TextMeasure& measure) {
    if (measure.length == 0) return;
    if (broken_ || breaks_ > 1 || runs_.empty()) {
      runs_.push_back({.block = block, .first = node});
    }
    broken_ = false;
    breaks_ = 0;
    TextRun& run = runs_.back();
    run.last = node;
    run.length += measure.length;
    if (link) run.link += measure.length;
    run.sentences += measure.sentences;
    run.commas += measure.commas;
  }
  void line_break() { ++breaks_; }
  void border() { broken_ = true; }

 private:
  std::vector<TextRun>& runs_;
  int breaks_ = 0;
  bool broken_ = true;
};

}  // namespace

PageStats measure_page(const Node* body, const html::Document& document,
                       const Visibility& visibility) {
  PageStats page;
  page.nodes.resize(document.node_count);
  // Of the path from the body to the node being visited.
  struct Context {
    const Node* block;
    bool link;
  };
  std::vector<Context> path = {{body, false}};
  RunMaker runs(page.runs);
  page.order.push_back(body);
  const Node* node = body->first_child;
  while (node != nullptr) {
    if (node->is_text()) {
      const TextMeasure measure = measure_text(node->text);
      runs.text(node, path.back().block, path.back().link, measure);
      NodeStats& block = page.of(path.back().block);
      block.own += measure.length;
      block.own_sentences += measure.sentences;
      block.own_commas += measure.commas;
      NodeStats& parent = page.of(node->parent);
      parent.text += measure.length;
      parent.sentences += measure.sentences;
      parent.commas += measure.commas;
      if (path.back().link) {
        block.own_link += measure.length;
        parent.link += measure.length;
      }
    } else if (node->is_element() && !visibility.hidden(node)) {
      page.order.push_back(node);
      page.of(node).hint = hint_of(node);
      const bool is_link = node->is_html(Tag::kA) && node->has("href");
      if (is_link) ++page.of(node).links;
      const bool block = is_block(node);
      if (block) runs.border();
      if (node->tag == Tag::kBr) runs.line_break();
      if (node->first_child != nullptr) {
        path.push_back({block ? node : path.back().block, path.back().link || is_link});
        node = node->first_child;
        continue;
      }
    }
    while (node != body && node->next == nullptr) {
      node = node->parent;
      if (path.back().block == node) runs.border();
      path.pop_back();
    }
    node = node == body ? nullptr : node->next;
  }
  // Children come after their parents in document order: one backward pass sums the subtrees.
  for (std::size_t i = page.order.size(); i-- > 1;) {
    NodeStats& child = page.of(page.order[i]);
    count_prose(child);
    NodeStats& parent = page.of(page.order[i]->parent);
    parent.text += child.text;
    parent.link += child.link;
    parent.sentences += child.sentences;
    parent.commas += child.commas;
    parent.links += child.links;
    parent.prose += child.prose;
  }
  count_prose(page.of(body));
  return page;
}

}  // namespace seine::web
