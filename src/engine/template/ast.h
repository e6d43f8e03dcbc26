// The tree of a template. Nodes are made by the parser, which bounds their depth, and only read
// afterwards; a tree is any thread's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/template/value.h"

namespace seine::engine::jinja {

enum class NodeKind : std::uint8_t {
  // Expressions. What `parts` holds is said in order; "?" may be null.
  kLiteral,      // value
  kName,         // text
  kList,         // items
  kDict,         // key, value, key, value, ...
  kAttribute,    // object; text is the name
  kSubscript,    // object, index
  kSlice,        // object, from?, to?, step?
  kCall,         // callee, then arguments
  kFilter,       // input, then arguments; text is the name
  kTest,         // input, then arguments; text is the name
  kUnary,        // operand; text is the operator
  kBinary,       // left, right; text is the operator
  kCompare,      // left, then one operand an operator in `texts`
  kAnd,          // left, right
  kOr,           // left, right
  kConditional,  // condition, then, otherwise?
  // Arguments
  kNamed,  // value; text is the name
  // Statements
  kText,         // text
  kOutput,       // expression
  kBlock,        // statements
  kIf,           // condition, body, otherwise?
  kFor,          // iterable, filter?, body, otherwise?; texts are the targets
  kSet,          // value; texts are the targets
  kSetPart,      // object name in text, attribute in texts[0]; value
  kSetBlock,     // body, then filters as kFilter whose input is null; text is the target
  kMacro,        // body, then a default? a parameter; text is the name, texts the parameters
  kFilterBlock,  // body, then filters as in kSetBlock
  kBreak,
  kContinue,
};

struct Node {
  Node() = default;
  ~Node();  // without recursion: chains may be long
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  NodeKind kind = NodeKind::kBlock;
  std::uint32_t line = 0;
  std::string text;
  std::vector<std::string> texts;
  std::vector<std::unique_ptr<Node>> parts;
  Value value;
};

using NodePtr = std::unique_ptr<Node>;

}  // namespace seine::engine::jinja
