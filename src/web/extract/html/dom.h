// The tree of one HTML document. Nodes live in the document's arena and point at each other freely;
// names, attribute values and text are slices of the source wherever the source has them as they
// are. The document owns the source. Built by one thread, then read by any. No function here or in
// its readers recurses on depth: walk with next_in_tree.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "web/extract/html/arena.h"
#include "web/extract/html/tags.h"

namespace seine::web::html {

enum class NodeType : std::uint8_t { kDocument, kDoctype, kElement, kText, kComment };
enum class Namespace : std::uint8_t { kHtml, kSvg, kMathml };

// Foreign attributes that have a namespace of their own print as "xlink href" in test formats.
enum class AttributePrefix : std::uint8_t { kNone, kXlink, kXml, kXmlns };

struct Attribute {
  std::string_view name;  // local name, lower case but for SVG's and MathML's adjusted ones
  std::string_view value;
  AttributePrefix prefix = AttributePrefix::kNone;
};

inline constexpr std::uint32_t kNoOffset = 0xFFFFFFFF;

struct Node {
  NodeType type = NodeType::kElement;
  Namespace ns = Namespace::kHtml;
  Tag tag = Tag::kUnknown;           // of the name, in any namespace
  std::uint8_t flags = 0;            // free for the passes over the finished tree
  std::uint32_t offset = kNoOffset;  // byte in the source where the node starts
  std::uint32_t id = 0;  // dense, in order of creation: an index into tables about the tree
  std::uint32_t attribute_count = 0;
  std::uint32_t text_capacity = 0;  // of text that the tree builder has copied to grow it
  Attribute* attributes = nullptr;
  std::string_view name;  // element, doctype
  std::string_view text;  // text, comment; the doctype's public id
  std::string_view system_id;
  Node* parent = nullptr;
  Node* first_child = nullptr;
  Node* last_child = nullptr;
  Node* previous = nullptr;
  Node* next = nullptr;
  Node* content = nullptr;  // of a <template>: a fragment that is not part of the tree

  bool is_element() const { return type == NodeType::kElement; }
  bool is_text() const { return type == NodeType::kText; }
  bool is_html(Tag wanted) const {
    return type == NodeType::kElement && ns == Namespace::kHtml && tag == wanted;
  }
  const Attribute* find(std::string_view attribute) const;
  // Empty when absent.
  std::string_view get(std::string_view attribute) const;
  bool has(std::string_view attribute) const { return find(attribute) != nullptr; }
};

// The node after `node` in document order inside `root`, nullptr at the end.
const Node* next_in_tree(const Node* node, const Node* root);
// The same without entering `node`.
const Node* next_after_subtree(const Node* node, const Node* root);
Node* next_in_tree(Node* node, const Node* root);
Node* next_after_subtree(Node* node, const Node* root);

enum class QuirksMode : std::uint8_t { kNoQuirks, kLimitedQuirks, kQuirks };

struct Document {
  std::string source;
  Arena arena;
  Node* root = nullptr;  // of type kDocument
  QuirksMode quirks = QuirksMode::kNoQuirks;
  std::uint32_t node_count = 0;
  bool truncated = false;  // a limit was met: the tree covers the start of the source only

  const Node* html() const;
  const Node* head() const;
  const Node* body() const;  // nullptr in frameset documents
};

void append_child(Node* parent, Node* child);
void insert_before(Node* parent, Node* child, Node* reference);  // reference nullptr: at the end
void detach(Node* node);
void move_children(Node* from, Node* to);

// The text of a subtree, in order, as it stands.
std::string text_content(const Node* root);

}  // namespace seine::web::html
