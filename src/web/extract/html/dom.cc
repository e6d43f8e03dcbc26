#include "web/extract/html/dom.h"

namespace seine::web::html {
namespace {

template <typename N>
N* after_subtree(N* node, const Node* root) {
  while (node != root) {
    if (node->next != nullptr) return node->next;
    node = node->parent;
    if (node == nullptr) return nullptr;
  }
  return nullptr;
}

const Node* child_element(const Node* parent, Tag tag) {
  if (parent == nullptr) return nullptr;
  for (const Node* child = parent->first_child; child != nullptr; child = child->next) {
    if (child->is_html(tag)) return child;
  }
  return nullptr;
}

}  // namespace

const Attribute* Node::find(std::string_view attribute) const {
  for (std::uint32_t i = 0; i < attribute_count; ++i) {
    if (attributes[i].name == attribute) return &attributes[i];
  }
  return nullptr;
}

std::string_view Node::get(std::string_view attribute) const {
  const Attribute* found = find(attribute);
  return found == nullptr ? std::string_view() : found->value;
}

const Node* next_after_subtree(const Node* node, const Node* root) {
  return after_subtree(node, root);
}
Node* next_after_subtree(Node* node, const Node* root) {
  return after_subtree(node, root);
}

const Node* next_in_tree(const Node* node, const Node* root) {
  return node->first_child != nullptr ? node->first_child : after_subtree(node, root);
}
Node* next_in_tree(Node* node, const Node* root) {
  return node->first_child != nullptr ? node->first_child : after_subtree(node, root);
}

const Node* Document::html() const {
  return child_element(root, Tag::kHtml);
}
const Node* Document::head() const {
  return child_element(html(), Tag::kHead);
}
const Node* Document::body() const {
  return child_element(html(), Tag::kBody);
}

void append_child(Node* parent, Node* child) {
  child->parent = parent;
  child->previous = parent->last_child;
  child->next = nullptr;
  (parent->last_child != nullptr ? parent->last_child->next : parent->first_child) = child;
  parent->last_child = child;
}

void insert_before(Node* parent, Node* child, Node* reference) {
  if (reference == nullptr) {
    append_child(parent, child);
    return;
  }
  child->parent = parent;
  child->next = reference;
  child->previous = reference->previous;
  (reference->previous != nullptr ? reference->previous->next : parent->first_child) = child;
  reference->previous = child;
}

void detach(Node* node) {
  if (node->parent == nullptr) return;
  (node->previous != nullptr ? node->previous->next : node->parent->first_child) = node->next;
  (node->next != nullptr ? node->next->previous : node->parent->last_child) = node->previous;
  node->parent = node->previous = node->next = nullptr;
}

void move_children(Node* from, Node* to) {
  while (Node* child = from->first_child) {
    detach(child);
    append_child(to, child);
  }
}

std::string text_content(const Node* root) {
  std::string out;
  for (const Node* node = root; node != nullptr; node = next_in_tree(node, root)) {
    if (node->is_text()) out += node->text;
  }
  return out;
}

}  // namespace seine::web::html
