// The pieces of JSON as grammar: what schemas are put together from. Texts are compact up to one
// space or one indented new line where JSON allows white space; numbers stay within what a double
// holds. Each piece is built once and then called. Belongs to the building of one grammar.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/constraint/grammar.h"

namespace seine::engine {

class JsonGrammar {
 public:
  using NodeId = Grammar::NodeId;
  explicit JsonGrammar(Grammar& grammar) : grammar_(grammar) {}

  static constexpr std::size_t kIndentMax = 32;
  static constexpr std::size_t kDigitsMax = 15;

  NodeId space(NodeId next);    // white space, or none
  NodeId string(NodeId next);   // any string
  NodeId number(NodeId next);   // with fraction and an exponent of two digits
  NodeId integer(NodeId next);  // up to 15 digits
  NodeId boolean(NodeId next);
  NodeId null(NodeId next);
  NodeId object(NodeId next);  // any object
  NodeId array(NodeId next);
  NodeId value(NodeId next);  // anything

  // One character of a string, escaped in any way that JSON allows.
  NodeId character(NodeId next);
  // A string of so many characters; no `most`: as many as the model likes.
  NodeId string_of_length(std::size_t least, std::optional<std::size_t> most, NodeId next);
  // The string literal `name`, the colon and white space.
  NodeId key(const std::string& name, NodeId next);
  // A key that is none of `names`, the colon and white space.
  NodeId other_key(std::vector<std::string> names, NodeId next);

 private:
  using Piece = NodeId (JsonGrammar::*)();
  NodeId shared(std::optional<Grammar::RuleId>& rule, bool nests, Piece piece, NodeId next);
  NodeId space_piece();
  NodeId character_piece();
  NodeId string_piece();
  NodeId number_piece();
  NodeId integer_piece();
  NodeId object_piece();
  NodeId array_piece();
  NodeId value_piece();
  NodeId digits(std::size_t least, std::size_t most, NodeId next);
  NodeId whole_part(NodeId next);

  Grammar& grammar_;
  std::optional<Grammar::RuleId> space_;
  std::optional<Grammar::RuleId> character_;
  std::optional<Grammar::RuleId> string_;
  std::optional<Grammar::RuleId> number_;
  std::optional<Grammar::RuleId> integer_;
  std::optional<Grammar::RuleId> object_;
  std::optional<Grammar::RuleId> array_;
  std::optional<Grammar::RuleId> value_;
};

}  // namespace seine::engine
