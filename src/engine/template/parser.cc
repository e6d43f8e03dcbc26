#include "engine/template/parser.h"

#include <algorithm>
#include <array>
#include <initializer_list>

#include "base/text.h"
#include "engine/template/expression_parser.h"
#include "engine/template/lexer.h"

namespace seine::engine::jinja {
namespace {

class StatementParser : private ExpressionParser {
 public:
  explicit StatementParser(std::vector<Token> tokens) : ExpressionParser(std::move(tokens)) {}

  base::Result<NodePtr> run() {
    NodePtr out = SEINE_TRY(block({}));
    if (peek().kind != TokenKind::kEnd) return error("an end without its beginning");
    return out;
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  // Statements up to a tag that starts with one of `ends`, which stays to be read.
  base::Result<NodePtr> block(Names ends) {
    SEINE_CHECK(enter());
    NodePtr out = make(NodeKind::kBlock);
    while (peek().kind != TokenKind::kEnd) {
      if (peek().kind == TokenKind::kData) {
        NodePtr text = make(NodeKind::kText);
        text->text = next().text;
        out->parts.push_back(std::move(text));
      } else if (peek().kind == TokenKind::kOutputBegin) {
        next();
        NodePtr output = make(NodeKind::kOutput);
        output->parts.push_back(SEINE_TRY(tuple()));
        SEINE_CHECK(close(TokenKind::kOutputEnd));
        out->parts.push_back(std::move(output));
      } else {
        const std::string& name = peek(1).text;
        if (std::ranges::find(ends, name) != ends.end()) break;
        next();
        out->parts.push_back(SEINE_TRY(statement()));
      }
    }
    leave();
    return out;
  }

  base::Result<> close(TokenKind kind) {
    if (peek().kind != kind) {
      return error(fmt::format("unexpected '{}' before the end of the tag", peek().text));
    }
    next();
    return {};
  }

  // A body and the tag that ends it.
  base::Result<NodePtr> body(std::string_view end) {
    NodePtr out = SEINE_TRY(block({end}));
    if (peek().kind == TokenKind::kEnd) return error(fmt::format("'{}' is missing", end));
    next();
    next();
    return out;
  }

  base::Result<NodePtr> closed_body(std::string_view end) {
    SEINE_CHECK(close(TokenKind::kStatementEnd));
    NodePtr out = SEINE_TRY(body(end));
    if (end == "endmacro" && peek().kind == TokenKind::kName) next();  // its name again
    SEINE_CHECK(close(TokenKind::kStatementEnd));
    return out;
  }

  base::Result<NodePtr> statement() {
    if (peek().kind != TokenKind::kName) return error("a tag without a statement");
    const std::string name = next().text;
    if (name == "if") return if_statement();
    if (name == "for") return for_statement();
    if (name == "set") return set_statement();
    if (name == "macro") return macro_statement();
    if (name == "filter") return filter_statement();
    // Marks what the assistant said; it changes nothing of the text.
    if (name == "generation") return closed_body("endgeneration");
    if (name == "break" || name == "continue") {
      if (loops_ == 0) return error(fmt::format("'{}' outside of a loop", name));
      NodePtr out = make(name == "break" ? NodeKind::kBreak : NodeKind::kContinue);
      SEINE_CHECK(close(TokenKind::kStatementEnd));
      return out;
    }
    return error(fmt::format("the statement '{}' is not supported here", name));
  }

  // The condition is next; `elif` makes an if within the else.
  base::Result<NodePtr> if_statement() {
    NodePtr out = make(NodeKind::kIf);
    Node* at = out.get();
    while (true) {
      at->parts.push_back(SEINE_TRY(tuple()));
      SEINE_CHECK(close(TokenKind::kStatementEnd));
      at->parts.push_back(SEINE_TRY(block({"elif", "else", "endif"})));
      if (peek().kind == TokenKind::kEnd) return error("'endif' is missing");
      next();
      const std::string word = next().text;
      if (word == "elif") {
        SEINE_CHECK(count_branch());
        NodePtr inner = make(NodeKind::kIf);
        Node* deeper = inner.get();
        at->parts.push_back(std::move(inner));
        at = deeper;
        continue;
      }
      SEINE_CHECK(close(TokenKind::kStatementEnd));
      if (word == "else") {
        at->parts.push_back(SEINE_TRY(body("endif")));
        SEINE_CHECK(close(TokenKind::kStatementEnd));
      }
      return out;
    }
  }

  base::Result<> count_branch() {
    if (++branches_ > 2000) return error("too many branches");
    return {};
  }

  base::Result<std::vector<std::string>> targets() {
    std::vector<std::string> out;
    const bool bracketed = take_operator("(");
    do {
      if (peek().kind != TokenKind::kName) return error("a name to assign to is missing");
      out.push_back(next().text);
    } while (take_operator(",") && peek().kind == TokenKind::kName);
    if (bracketed && !take_operator(")")) return error("'(' without ')'");
    return out;
  }

  base::Result<NodePtr> for_statement() {
    NodePtr out = make(NodeKind::kFor);
    out->texts = SEINE_TRY(targets());
    if (!take_name("in")) return error("'for' without 'in'");
    out->parts.push_back(SEINE_TRY(tuple_without_condition()));
    out->parts.push_back(take_name("if") ? SEINE_TRY(expression()) : nullptr);
    if (take_name("recursive")) return error("'recursive' loops are not supported");
    SEINE_CHECK(close(TokenKind::kStatementEnd));
    ++loops_;
    out->parts.push_back(SEINE_TRY(block({"else", "endfor"})));
    --loops_;
    if (peek().kind == TokenKind::kEnd) return error("'endfor' is missing");
    next();
    const std::string word = next().text;
    SEINE_CHECK(close(TokenKind::kStatementEnd));
    if (word == "else") {
      out->parts.push_back(SEINE_TRY(body("endfor")));
      SEINE_CHECK(close(TokenKind::kStatementEnd));
    } else {
      out->parts.push_back(nullptr);
    }
    return out;
  }

  base::Result<NodePtr> set_statement() {
    NodePtr out = make(NodeKind::kSet);
    if (peek().kind == TokenKind::kName && is_operator(peek(1), ".")) {
      out->kind = NodeKind::kSetPart;
      out->text = next().text;
      next();
      if (peek().kind != TokenKind::kName) return error("a name after '.' is missing");
      out->texts.push_back(next().text);
      if (!take_operator("=")) return error("'set' without '='");
    } else {
      out->texts = SEINE_TRY(targets());
      if (!take_operator("=")) return set_block(std::move(out));
    }
    out->parts.push_back(SEINE_TRY(tuple()));
    SEINE_CHECK(close(TokenKind::kStatementEnd));
    return out;
  }

  base::Result<NodePtr> set_block(NodePtr out) {
    if (out->texts.size() != 1) return error("'set' of several names without '='");
    out->kind = NodeKind::kSetBlock;
    out->text = out->texts.front();
    std::vector<NodePtr> filters = SEINE_TRY(filter_chain());
    out->parts.push_back(SEINE_TRY(closed_body("endset")));
    for (NodePtr& filter : filters) out->parts.push_back(std::move(filter));
    return out;
  }

  base::Result<NodePtr> filter_statement() {
    NodePtr out = make(NodeKind::kFilterBlock);
    std::vector<NodePtr> filters;
    filters.push_back(SEINE_TRY(filter_call(nullptr)));
    for (NodePtr& more : SEINE_TRY(filter_chain())) filters.push_back(std::move(more));
    out->parts.push_back(SEINE_TRY(closed_body("endfilter")));
    for (NodePtr& filter : filters) out->parts.push_back(std::move(filter));
    return out;
  }

  base::Result<std::vector<NodePtr>> filter_chain() {
    std::vector<NodePtr> out;
    while (take_operator("|")) out.push_back(SEINE_TRY(filter_call(nullptr)));
    return out;
  }

  // (a, b=1): names into texts, defaults into parts, null where there is none.
  base::Result<> parameters(Node& out) {
    if (!take_operator("(")) return error("'(' is missing");
    while (!take_operator(")")) {
      if (peek().kind != TokenKind::kName) return error("a parameter's name is missing");
      out.texts.push_back(next().text);
      out.parts.push_back(take_operator("=") ? SEINE_TRY(expression()) : nullptr);
      if (!take_operator(",") && !is_operator(peek(), ")")) return error("'(' without ')'");
    }
    return {};
  }

  base::Result<NodePtr> macro_statement() {
    NodePtr out = make(NodeKind::kMacro);
    if (peek().kind != TokenKind::kName) return error("'macro' without a name");
    out->text = next().text;
    out->parts.push_back(nullptr);
    SEINE_CHECK(parameters(*out));
    const int loops = std::exchange(loops_, 0);
    out->parts.front() = SEINE_TRY(closed_body("endmacro"));
    loops_ = loops;
    return out;
  }

  int loops_ = 0;
  int branches_ = 0;
};

}  // namespace

base::Result<NodePtr> parse_template(std::string_view source) {
  return StatementParser(SEINE_TRY(tokenize(source))).run();
}

}  // namespace seine::engine::jinja
