#include <algorithm>

#include "web/extract/html/tree_builder.h"

namespace seine::web::html {
namespace {

bool same_element(const Node* a, const Node* b) {
  if (a->tag != b->tag || a->name != b->name || a->ns != b->ns ||
      a->attribute_count != b->attribute_count)
    return false;
  for (std::uint32_t i = 0; i < a->attribute_count; ++i) {
    const Attribute* other = b->find(a->attributes[i].name);
    if (other == nullptr || other->value != a->attributes[i].value) return false;
  }
  return true;
}

// Entries since the last marker. Real pages have a handful; each new block repeats all of them, so
// that an unbounded list would let n elements grow into n * n nodes.
constexpr std::ptrdiff_t kFormattingMax = 64;

}  // namespace

void TreeBuilder::push_formatting(Node* node) {
  int equal = 0;
  std::ptrdiff_t earliest = -1;
  std::ptrdiff_t first = static_cast<std::ptrdiff_t>(formatting_.size());
  while (first > 0 && formatting_[static_cast<std::size_t>(first - 1)] != nullptr) {
    --first;
    if (same_element(formatting_[static_cast<std::size_t>(first)], node)) {
      ++equal;
      earliest = first;
    }
  }
  if (equal >= 3) {
    formatting_.erase(formatting_.begin() + earliest);  // Noah's Ark clause
  } else if (static_cast<std::ptrdiff_t>(formatting_.size()) - first >= kFormattingMax) {
    formatting_.erase(formatting_.begin() + first);
  }
  formatting_.push_back(node);
}

void TreeBuilder::clear_to_marker() {
  while (!formatting_.empty()) {
    const bool marker = formatting_.back() == nullptr;
    formatting_.pop_back();
    if (marker) return;
  }
}

Node* TreeBuilder::clone_element(const Node* node) {
  Node* clone = new_node(NodeType::kElement, node->offset);
  clone->ns = node->ns;
  clone->tag = node->tag;
  clone->name = node->name;
  clone->attributes = node->attributes;  // never changed in place
  clone->attribute_count = node->attribute_count;
  return clone;
}

void TreeBuilder::reconstruct_formatting() {
  if (formatting_.empty()) return;
  std::size_t i = formatting_.size() - 1;
  if (formatting_[i] == nullptr || in_stack(formatting_[i])) return;
  while (i > 0 && formatting_[i - 1] != nullptr && !in_stack(formatting_[i - 1])) --i;
  for (; i < formatting_.size(); ++i) {
    if (stack_.size() >= limits_.depth_max) return;
    const Place place = appropriate_place();
    Node* clone = clone_element(formatting_[i]);
    insert_before(place.parent, clone, place.before);
    push(clone);
    formatting_[i] = clone;
  }
}

void TreeBuilder::remove_from_formatting(const Node* node) {
  std::erase(formatting_, node);
}

Node* TreeBuilder::formatting_after_marker(Tag tag) const {
  for (auto it = formatting_.rbegin(); it != formatting_.rend() && *it != nullptr; ++it) {
    if ((*it)->tag == tag) return *it;
  }
  return nullptr;
}

// Section 13.2.6.4.7, "adoption agency algorithm"; step numbers follow the standard's.
void TreeBuilder::adopt(Tag tag, const Token& token) {
  // 2: the common case, nothing misnested
  if (current()->is_html(tag) && std::ranges::find(formatting_, current()) == formatting_.end()) {
    pop();
    return;
  }
  for (int outer = 0; outer < 8; ++outer) {
    Node* formatting = formatting_after_marker(tag);
    if (formatting == nullptr) {
      any_other_end_tag(token);
      return;
    }
    if (!in_stack(formatting)) {
      remove_from_formatting(formatting);
      return;
    }
    if (!node_in_scope(formatting)) return;
    const auto position =
        static_cast<std::size_t>(std::ranges::find(stack_, formatting) - stack_.begin());
    // 4.7: the furthest block is the topmost special element below the formatting element.
    std::size_t block_at = position + 1;
    while (block_at < stack_.size() && !is_special(stack_[block_at])) ++block_at;
    if (block_at == stack_.size()) {
      pop_until_node(formatting);
      remove_from_formatting(formatting);
      return;
    }
    Node* block = stack_[block_at];
    Node* ancestor = stack_[position - 1];
    auto bookmark =
        static_cast<std::size_t>(std::ranges::find(formatting_, formatting) - formatting_.begin());
    Node* last = block;
    std::size_t node_at = block_at;
    for (int inner = 1;; ++inner) {
      --node_at;
      Node* node = stack_[node_at];
      if (node == formatting) break;
      const auto in_list = std::ranges::find(formatting_, node);
      const auto list_at = static_cast<std::size_t>(in_list - formatting_.begin());
      bool listed = in_list != formatting_.end();
      if (inner > 3 && listed) {
        formatting_.erase(in_list);
        if (list_at < bookmark) --bookmark;
        listed = false;
      }
      if (!listed) {
        remove_from_stack(node);
        continue;
      }
      Node* clone = clone_element(node);
      formatting_[list_at] = clone;
      stack_[node_at] = clone;  // same tag: the counts stay
      node = clone;
      if (last == block) bookmark = list_at + 1;
      detach(last);
      append_child(node, last);
      last = node;
    }
    detach(last);
    const Place place = appropriate_place(ancestor);
    insert_before(place.parent, last, place.before);
    Node* clone = clone_element(formatting);
    move_children(block, clone);
    append_child(block, clone);
    const auto old =
        static_cast<std::size_t>(std::ranges::find(formatting_, formatting) - formatting_.begin());
    formatting_.erase(formatting_.begin() + static_cast<std::ptrdiff_t>(old));
    if (old < bookmark) --bookmark;
    formatting_.insert(
        formatting_.begin() + static_cast<std::ptrdiff_t>(std::min(bookmark, formatting_.size())),
        clone);
    remove_from_stack(formatting);
    const auto below =
        static_cast<std::size_t>(std::ranges::find(stack_, block) - stack_.begin()) + 1;
    stack_.insert(stack_.begin() + static_cast<std::ptrdiff_t>(below), clone);
    ++open_[static_cast<std::size_t>(clone->tag)];
  }
}

}  // namespace seine::web::html
