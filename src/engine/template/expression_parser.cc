#include "engine/template/expression_parser.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "engine/template/parser.h"

namespace seine::engine::jinja {
namespace {

// a.b.c|d and a + b + c nest to the left: bounded apart, since no call of the parser is open.
constexpr std::size_t kChainMax = 400;

NodePtr joined(NodeKind kind, std::string_view op, NodePtr left, NodePtr right) {
  auto node = std::make_unique<Node>();
  node->kind = kind;
  node->line = left->line;
  node->text = op;
  node->parts.push_back(std::move(left));
  node->parts.push_back(std::move(right));
  return node;
}

}  // namespace

base::Result<> ExpressionParser::enter() {
  if (++depth_ > kParseDepthMax) {
    return base::fail(base::Code::kResourceExhausted, "template, line {}: nested more than {} deep",
                      peek().line, kParseDepthMax);
  }
  return {};
}

base::Result<NodePtr> ExpressionParser::tuple() {
  return list_of(true);
}
base::Result<NodePtr> ExpressionParser::tuple_without_condition() {
  return list_of(false);
}

base::Result<NodePtr> ExpressionParser::list_of(bool with_condition) {
  NodePtr first = SEINE_TRY(with_condition ? expression() : or_expression());
  if (!is_operator(peek(), ",")) return first;
  NodePtr out = make(NodeKind::kList);
  out->parts.push_back(std::move(first));
  while (take_operator(",")) {
    const bool more = peek().kind != TokenKind::kStatementEnd &&
                      peek().kind != TokenKind::kOutputEnd && !is_operator(peek(), ")") &&
                      !is_operator(peek(), "]");
    if (!more) break;
    out->parts.push_back(SEINE_TRY(with_condition ? expression() : or_expression()));
  }
  return out;
}

base::Result<NodePtr> ExpressionParser::expression() {
  SEINE_CHECK(enter());
  NodePtr out = SEINE_TRY(or_expression());
  std::size_t links = 0;
  while (take_name("if")) {
    if (++links > kChainMax) return error("an expression of too many parts");
    NodePtr node = make(NodeKind::kConditional);
    node->parts.push_back(SEINE_TRY(or_expression()));
    node->parts.push_back(std::move(out));
    node->parts.push_back(take_name("else") ? SEINE_TRY(expression()) : nullptr);
    out = std::move(node);
  }
  leave();
  return out;
}

base::Result<NodePtr> ExpressionParser::or_expression() {
  NodePtr out = SEINE_TRY(and_expression());
  for (std::size_t links = 0; take_name("or");) {
    if (++links > kChainMax) return error("an expression of too many parts");
    out = joined(NodeKind::kOr, "or", std::move(out), SEINE_TRY(and_expression()));
  }
  return out;
}

base::Result<NodePtr> ExpressionParser::and_expression() {
  NodePtr out = SEINE_TRY(not_expression());
  for (std::size_t links = 0; take_name("and");) {
    if (++links > kChainMax) return error("an expression of too many parts");
    out = joined(NodeKind::kAnd, "and", std::move(out), SEINE_TRY(not_expression()));
  }
  return out;
}

base::Result<NodePtr> ExpressionParser::not_expression() {
  if (!at_name("not")) return comparison();
  NodePtr out = make(NodeKind::kUnary);
  next();
  SEINE_CHECK(enter());
  out->text = "not";
  out->parts.push_back(SEINE_TRY(not_expression()));
  leave();
  return out;
}

base::Result<NodePtr> ExpressionParser::comparison() {
  NodePtr first = SEINE_TRY(binary(0));
  NodePtr out;
  while (true) {
    static constexpr std::array<std::string_view, 6> kOperators = {
        "==", "!=", "<=", ">=", "<", ">"};
    std::string op;
    if (peek().kind == TokenKind::kOperator &&
        std::ranges::find(kOperators, peek().text) != kOperators.end()) {
      op = next().text;
    } else if (take_name("in")) {
      op = "in";
    } else if (at_name("not") && peek(1).kind == TokenKind::kName && peek(1).text == "in") {
      next();
      next();
      op = "not in";
    } else {
      break;
    }
    if (!out) {
      out = make(NodeKind::kCompare);
      out->parts.push_back(std::move(first));
    }
    out->texts.push_back(op);
    out->parts.push_back(SEINE_TRY(binary(0)));
  }
  return out ? std::move(out) : std::move(first);
}

base::Result<NodePtr> ExpressionParser::binary(int level) {
  static constexpr std::array<std::initializer_list<std::string_view>, 4> kLevels = {
      {{"+", "-"}, {"~"}, {"*", "/", "//", "%"}, {"**"}}};
  if (level == static_cast<int>(kLevels.size())) return unary(true);
  NodePtr out = SEINE_TRY(binary(level + 1));
  for (std::size_t links = 0;;) {
    const auto& operators = kLevels[static_cast<std::size_t>(level)];
    if (peek().kind != TokenKind::kOperator ||
        std::ranges::find(operators, std::string_view(peek().text)) == operators.end()) {
      return out;
    }
    if (++links > kChainMax) return error("an expression of too many parts");
    const std::string op = next().text;
    out = joined(NodeKind::kBinary, op, std::move(out), SEINE_TRY(binary(level + 1)));
  }
}

base::Result<NodePtr> ExpressionParser::unary(bool with_filters) {
  NodePtr node;
  if (is_operator(peek(), "-") || is_operator(peek(), "+")) {
    node = make(NodeKind::kUnary);
    node->text = next().text;
    SEINE_CHECK(enter());
    node->parts.push_back(SEINE_TRY(unary(false)));
    leave();
  } else {
    node = SEINE_TRY(primary());
  }
  node = SEINE_TRY(postfix(std::move(node)));
  return with_filters ? filters_and_tests(std::move(node)) : std::move(node);
}

base::Result<NodePtr> ExpressionParser::primary() {
  NodePtr node = make(NodeKind::kLiteral);
  const Token& token = peek();
  switch (token.kind) {
    case TokenKind::kName: {
      const std::string& name = next().text;
      if (name == "true" || name == "True" || name == "false" || name == "False") {
        node->value = Value::of(name == "true" || name == "True");
      } else if (name == "none" || name == "None") {
        node->value = Value::none();
      } else {
        node->kind = NodeKind::kName;
        node->text = name;
      }
      return node;
    }
    case TokenKind::kString: {
      std::string text;
      while (peek().kind == TokenKind::kString) text += next().text;  // "a" "b" is one string
      node->value = Value::of(std::move(text));
      return node;
    }
    case TokenKind::kInteger: {
      const auto number = base::parse_i64(token.text);
      if (!number) return error(fmt::format("the number {} is too large", token.text));
      node->value = Value::of(*number);
      next();
      return node;
    }
    case TokenKind::kFloat:
      node->value = Value::of(base::parse_double(token.text).value_or(0));
      next();
      return node;
    default:
      break;
  }
  SEINE_CHECK(enter());
  if (take_operator("(")) {
    if (take_operator(")")) {
      node->kind = NodeKind::kList;
    } else {
      node = SEINE_TRY(tuple());
      if (!take_operator(")")) return error("'(' without ')'");
    }
  } else if (take_operator("[")) {
    node->kind = NodeKind::kList;
    while (!take_operator("]")) {
      node->parts.push_back(SEINE_TRY(expression()));
      if (!take_operator(",") && !is_operator(peek(), "]")) return error("'[' without ']'");
    }
  } else if (take_operator("{")) {
    node->kind = NodeKind::kDict;
    while (!take_operator("}")) {
      node->parts.push_back(SEINE_TRY(expression()));
      if (!take_operator(":")) return error("':' is missing in a mapping");
      node->parts.push_back(SEINE_TRY(expression()));
      if (!take_operator(",") && !is_operator(peek(), "}")) return error("'{' without '}'");
    }
  } else {
    return error(token.text.empty() ? "an expression is missing"
                                    : fmt::format("unexpected '{}'", token.text));
  }
  leave();
  return node;
}

base::Result<NodePtr> ExpressionParser::postfix(NodePtr node) {
  for (std::size_t links = 0;; ++links) {
    if (links > kChainMax) return error("an expression of too many parts");
    if (take_operator(".")) {
      NodePtr out = make(NodeKind::kAttribute);
      if (peek().kind != TokenKind::kName && peek().kind != TokenKind::kInteger) {
        return error("a name after '.' is missing");
      }
      if (peek().kind == TokenKind::kInteger) {
        out->kind = NodeKind::kSubscript;
        NodePtr index = SEINE_TRY(primary());
        out->parts.push_back(std::move(node));
        out->parts.push_back(std::move(index));
      } else {
        out->text = next().text;
        out->parts.push_back(std::move(node));
      }
      node = std::move(out);
    } else if (take_operator("[")) {
      node = SEINE_TRY(subscript(std::move(node)));
    } else if (is_operator(peek(), "(")) {
      NodePtr out = make(NodeKind::kCall);
      out->parts.push_back(std::move(node));
      SEINE_CHECK(arguments(*out));
      node = std::move(out);
    } else {
      return node;
    }
  }
}

base::Result<NodePtr> ExpressionParser::subscript(NodePtr object) {
  NodePtr out = make(NodeKind::kSubscript);
  out->parts.push_back(std::move(object));
  std::vector<NodePtr> bounds;
  bool slice = false;
  while (true) {
    const bool given = !is_operator(peek(), ":") && !is_operator(peek(), "]");
    bounds.push_back(given ? SEINE_TRY(expression()) : nullptr);
    if (!take_operator(":")) break;
    slice = true;
  }
  if (!take_operator("]")) return error("'[' without ']'");
  if (bounds.size() > 3 || (!slice && !bounds.front())) return error("a bad subscript");
  if (slice) {
    out->kind = NodeKind::kSlice;
    bounds.resize(3);
  }
  for (NodePtr& bound : bounds) out->parts.push_back(std::move(bound));
  return out;
}

base::Result<> ExpressionParser::arguments(Node& call) {
  if (!take_operator("(")) return error("'(' is missing");
  SEINE_CHECK(enter());
  while (!take_operator(")")) {
    if (is_operator(peek(), "*") || is_operator(peek(), "**")) {
      return error("unpacked arguments are not supported");
    }
    if (peek().kind == TokenKind::kName && is_operator(peek(1), "=")) {
      NodePtr named = make(NodeKind::kNamed);
      named->text = next().text;
      next();
      named->parts.push_back(SEINE_TRY(expression()));
      call.parts.push_back(std::move(named));
    } else {
      call.parts.push_back(SEINE_TRY(expression()));
    }
    if (!take_operator(",") && !is_operator(peek(), ")")) return error("'(' without ')'");
  }
  leave();
  return {};
}

base::Result<NodePtr> ExpressionParser::filter_call(NodePtr input) {
  NodePtr out = make(NodeKind::kFilter);
  if (peek().kind != TokenKind::kName) return error("a filter's name is missing");
  out->text = next().text;
  out->parts.push_back(std::move(input));
  if (is_operator(peek(), "(")) SEINE_CHECK(arguments(*out));
  return out;
}

base::Result<NodePtr> ExpressionParser::filters_and_tests(NodePtr node) {
  for (std::size_t links = 0;; ++links) {
    if (links > kChainMax) return error("an expression of too many parts");
    if (take_operator("|")) {
      node = SEINE_TRY(filter_call(std::move(node)));
    } else if (take_name("is")) {
      node = SEINE_TRY(test_call(std::move(node)));
    } else if (is_operator(peek(), "(") || is_operator(peek(), "[") || is_operator(peek(), ".")) {
      node = SEINE_TRY(postfix(std::move(node)));
    } else {
      return node;
    }
  }
}

base::Result<NodePtr> ExpressionParser::test_call(NodePtr input) {
  const bool negated = take_name("not");
  NodePtr out = make(NodeKind::kTest);
  if (peek().kind != TokenKind::kName) return error("a test's name is missing");
  out->text = next().text;
  out->parts.push_back(std::move(input));
  if (is_operator(peek(), "(")) {
    SEINE_CHECK(arguments(*out));
  } else {
    // One argument may stand without brackets: `is divisibleby 3`.
    const Token& token = peek();
    const bool word = token.kind == TokenKind::kName;
    const bool other = token.kind == TokenKind::kString || token.kind == TokenKind::kInteger ||
                       token.kind == TokenKind::kFloat || is_operator(token, "[") ||
                       is_operator(token, "{");
    static constexpr std::array<std::string_view, 6> kNotArguments = {"else", "or", "and",
                                                                      "is",   "if", "not"};
    if (other || (word && std::ranges::find(kNotArguments, token.text) == kNotArguments.end() &&
                  token.text != "in" && token.text != "recursive")) {
      SEINE_CHECK(enter());
      NodePtr argument = SEINE_TRY(primary());
      out->parts.push_back(SEINE_TRY(postfix(std::move(argument))));
      leave();
    }
  }
  if (!negated) return out;
  NodePtr outer = make(NodeKind::kUnary);
  outer->text = "not";
  outer->parts.push_back(std::move(out));
  return outer;
}

}  // namespace seine::engine::jinja
