// ExpressionParser: Jinja's expressions, with its precedence: a conditional binds least, then or,
// and, not, comparisons, + and -, ~, * / // %, **, unary signs, then what follows a value:
// attributes, subscripts, calls, filters and tests. Used by parser.cc alone.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/template/ast.h"
#include "engine/template/lexer.h"

namespace seine::engine::jinja {

class ExpressionParser {
 protected:
  explicit ExpressionParser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  // An expression; values with commas between them are a list.
  base::Result<NodePtr> tuple();
  // The same where an `if` that follows belongs to somebody else.
  base::Result<NodePtr> tuple_without_condition();
  base::Result<NodePtr> expression();
  // The filter whose name is next.
  base::Result<NodePtr> filter_call(NodePtr input);

  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  const Token& next() {
    const Token& token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  static bool is_operator(const Token& token, std::string_view text) {
    return token.kind == TokenKind::kOperator && token.text == text;
  }
  bool take_operator(std::string_view text) {
    if (!is_operator(peek(), text)) return false;
    next();
    return true;
  }
  bool at_name(std::string_view text) const {
    return peek().kind == TokenKind::kName && peek().text == text;
  }
  bool take_name(std::string_view text) {
    if (!at_name(text)) return false;
    next();
    return true;
  }

  NodePtr make(NodeKind kind) const {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->line = peek().line;
    return node;
  }
  std::unexpected<base::Error> error(std::string_view what) const {
    return base::fail(base::Code::kInvalidArgument, "template, line {}: {}", peek().line, what);
  }
  base::Result<> enter();
  void leave() { --depth_; }

 private:
  base::Result<NodePtr> list_of(bool with_condition);
  base::Result<NodePtr> or_expression();
  base::Result<NodePtr> and_expression();
  base::Result<NodePtr> not_expression();
  base::Result<NodePtr> comparison();
  base::Result<NodePtr> binary(int level);
  base::Result<NodePtr> unary(bool with_filters);
  base::Result<NodePtr> primary();
  base::Result<NodePtr> postfix(NodePtr node);
  base::Result<NodePtr> filters_and_tests(NodePtr node);
  base::Result<NodePtr> test_call(NodePtr input);
  base::Result<NodePtr> subscript(NodePtr object);
  base::Result<> arguments(Node& call);

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace seine::engine::jinja
