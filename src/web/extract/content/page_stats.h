// Per-node figures about a tree that the search for the main part needs: text and link text of each
// block and each subtree. Filled in two walks. Internal to content/.
#pragma once

#include <vector>

#include "web/extract/content/hints.h"
#include "web/extract/content/text_measure.h"
#include "web/extract/html/dom.h"
#include "web/extract/style/visibility.h"

namespace seine::web {

struct NodeStats {
  // Text whose nearest block is this node.
  std::uint32_t own = 0;
  std::uint32_t own_link = 0;
  std::uint32_t own_sentences = 0;
  std::uint32_t own_commas = 0;
  // Of the whole subtree.
  std::uint32_t text = 0;
  std::uint32_t link = 0;
  std::uint32_t sentences = 0;
  std::uint32_t commas = 0;
  std::uint32_t links = 0;  // <a href> elements
  std::uint32_t prose = 0;  // text of the subtree in blocks that read like sentences
  float weight = 0;         // of its own text
  float sum = 0;            // of the subtree
  Hint hint = Hint::kNone;
};

// Text that a reader takes in at once: between two borders of blocks, or between empty lines made
// of <br> where a page has no paragraphs.
struct TextRun {
  const html::Node* block = nullptr;  // the nearest block around it
  const html::Node* first = nullptr;  // its first and last text nodes
  const html::Node* last = nullptr;
  std::uint32_t length = 0;
  std::uint32_t link = 0;  // of it inside links
  std::uint32_t sentences = 0;
  std::uint32_t commas = 0;
};

struct PageStats {
  std::vector<NodeStats> nodes;          // by Node::id
  std::vector<const html::Node*> order;  // visible elements, document order
  std::vector<TextRun> runs;             // document order
  const NodeStats& of(const html::Node* node) const { return nodes[node->id]; }
  NodeStats& of(const html::Node* node) { return nodes[node->id]; }
};

PageStats measure_page(const html::Node* body, const html::Document& document,
                       const Visibility& visibility);

}  // namespace seine::web
