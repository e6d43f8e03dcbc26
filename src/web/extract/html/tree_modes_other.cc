#include "web/extract/html/tree_builder.h"

namespace seine::web::html {

void TreeBuilder::in_template(Token& token) {
  switch (token.type) {
    case TokenType::kText:
    case TokenType::kComment:
    case TokenType::kDoctype:
      return in_body(token);
    case TokenType::kEndTag:
      if (token.tag == Tag::kTemplate) in_head(token);
      return;
    case TokenType::kEnd:
      if (!has_open(Tag::kTemplate)) return stop();
      pop_until(Tag::kTemplate);
      clear_to_marker();
      template_modes_.pop_back();
      reset_insertion_mode();
      return process(mode_, token);
    case TokenType::kStartTag:
      break;
  }
  Mode next = Mode::kInBody;
  switch (token.tag) {
    case Tag::kBase:
    case Tag::kBasefont:
    case Tag::kBgsound:
    case Tag::kLink:
    case Tag::kMeta:
    case Tag::kNoframes:
    case Tag::kScript:
    case Tag::kStyle:
    case Tag::kTemplate:
    case Tag::kTitle:
      return in_head(token);
    case Tag::kCaption:
    case Tag::kColgroup:
    case Tag::kTbody:
    case Tag::kTfoot:
    case Tag::kThead:
      next = Mode::kInTable;
      break;
    case Tag::kCol:
      next = Mode::kInColumnGroup;
      break;
    case Tag::kTr:
      next = Mode::kInTableBody;
      break;
    case Tag::kTd:
    case Tag::kTh:
      next = Mode::kInRow;
      break;
    default:
      break;
  }
  template_modes_.back() = next;
  mode_ = next;
  process(mode_, token);
}

void TreeBuilder::after_body(Token& token) {
  if (is_space_run(token)) return in_body(token);
  if (token.type == TokenType::kComment) return insert_comment(token, stack_.front());
  if (token.type == TokenType::kDoctype) return;
  if (token.type == TokenType::kStartTag && token.tag == Tag::kHtml) return in_body(token);
  if (token.type == TokenType::kEndTag && token.tag == Tag::kHtml) {
    if (context_ == nullptr) mode_ = Mode::kAfterAfterBody;
    return;
  }
  if (token.type == TokenType::kEnd) return stop();
  mode_ = Mode::kInBody;
  process(mode_, token);
}

void TreeBuilder::in_frameset(Token& token) {
  if (is_space_run(token)) return insert_text(token.text, token.offset);
  if (token.type == TokenType::kComment) return insert_comment(token);
  if (token.type == TokenType::kEnd) return stop();
  if (token.type == TokenType::kStartTag) {
    if (token.tag == Tag::kHtml) return in_body(token);
    if (token.tag == Tag::kFrameset) {
      insert_element(token);
    } else if (token.tag == Tag::kFrame) {
      insert_void(token);
    } else if (token.tag == Tag::kNoframes) {
      in_head(token);
    }
    return;
  }
  if (token.type == TokenType::kEndTag && token.tag == Tag::kFrameset) {
    if (stack_.size() == 1) return;
    pop();
    if (context_ == nullptr && !current()->is_html(Tag::kFrameset)) mode_ = Mode::kAfterFrameset;
  }
}

void TreeBuilder::after_frameset(Token& token) {
  if (is_space_run(token)) return insert_text(token.text, token.offset);
  if (token.type == TokenType::kComment) return insert_comment(token);
  if (token.type == TokenType::kEnd) return stop();
  if (token.type == TokenType::kStartTag && token.tag == Tag::kHtml) return in_body(token);
  if (token.type == TokenType::kStartTag && token.tag == Tag::kNoframes) return in_head(token);
  if (token.type == TokenType::kEndTag && token.tag == Tag::kHtml)
    mode_ = Mode::kAfterAfterFrameset;
}

void TreeBuilder::after_after_body(Token& token) {
  if (token.type == TokenType::kComment) return insert_comment(token, document_.root);
  if (token.type == TokenType::kEnd) return stop();
  if (token.type == TokenType::kDoctype || is_space_run(token) ||
      (token.type == TokenType::kStartTag && token.tag == Tag::kHtml)) {
    return in_body(token);
  }
  mode_ = Mode::kInBody;
  process(mode_, token);
}

void TreeBuilder::after_after_frameset(Token& token) {
  if (token.type == TokenType::kComment) return insert_comment(token, document_.root);
  if (token.type == TokenType::kEnd) return stop();
  if (token.type == TokenType::kDoctype || is_space_run(token) ||
      (token.type == TokenType::kStartTag && token.tag == Tag::kHtml)) {
    return in_body(token);
  }
  if (token.type == TokenType::kStartTag && token.tag == Tag::kNoframes) in_head(token);
}

}  // namespace seine::web::html
