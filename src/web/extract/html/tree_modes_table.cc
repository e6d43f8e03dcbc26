#include "base/text.h"
#include "web/extract/html/tree_builder.h"

namespace seine::web::html {
namespace {

constexpr TagSet kTableContext = {Tag::kTable, Tag::kTemplate, Tag::kHtml};
constexpr TagSet kBodyContext = {Tag::kTbody, Tag::kTfoot, Tag::kThead, Tag::kTemplate, Tag::kHtml};
constexpr TagSet kRowContext = {Tag::kTr, Tag::kTemplate, Tag::kHtml};
constexpr TagSet kTableParts = {Tag::kTable, Tag::kTbody, Tag::kTfoot, Tag::kThead, Tag::kTr};
constexpr TagSet kSections = {Tag::kTbody, Tag::kTfoot, Tag::kThead};
constexpr TagSet kCells = {Tag::kTd, Tag::kTh};
constexpr TagSet kAllParts = {Tag::kCaption, Tag::kCol, Tag::kColgroup, Tag::kTbody, Tag::kTd,
                              Tag::kTfoot,   Tag::kTh,  Tag::kThead,    Tag::kTr};
constexpr TagSet kIgnoredEnds = {Tag::kBody, Tag::kCaption, Tag::kCol, Tag::kColgroup,
                                 Tag::kHtml, Tag::kTbody,   Tag::kTd,  Tag::kTfoot,
                                 Tag::kTh,   Tag::kThead,   Tag::kTr};

}  // namespace

void TreeBuilder::foster_in_body(Token& token) {
  foster_parenting_ = true;
  in_body(token);
  foster_parenting_ = false;
}

void TreeBuilder::in_table(Token& token) {
  if (token.type == TokenType::kText && current()->ns == Namespace::kHtml &&
      (kTableParts.has(current()->tag) || current()->tag == Tag::kTemplate)) {
    pending_table_text_.clear();
    pending_has_other_than_space_ = false;
    original_mode_ = mode_;
    mode_ = Mode::kInTableText;
    return in_table_text(token);
  }
  if (token.type == TokenType::kComment) return insert_comment(token);
  if (token.type == TokenType::kDoctype) return;
  if (token.type == TokenType::kEnd) return in_body(token);
  if (token.type == TokenType::kStartTag) {
    switch (token.tag) {
      case Tag::kCaption:
        clear_to(kTableContext);
        push_marker();
        insert_element(token);
        mode_ = Mode::kInCaption;
        return;
      case Tag::kColgroup:
        clear_to(kTableContext);
        insert_element(token);
        mode_ = Mode::kInColumnGroup;
        return;
      case Tag::kCol:
        clear_to(kTableContext);
        insert_implied(Tag::kColgroup);
        mode_ = Mode::kInColumnGroup;
        return process(mode_, token);
      case Tag::kTbody:
      case Tag::kTfoot:
      case Tag::kThead:
        clear_to(kTableContext);
        insert_element(token);
        mode_ = Mode::kInTableBody;
        return;
      case Tag::kTd:
      case Tag::kTh:
      case Tag::kTr:
        clear_to(kTableContext);
        insert_implied(Tag::kTbody);
        mode_ = Mode::kInTableBody;
        return process(mode_, token);
      case Tag::kTable:
        if (!in_scope(Tag::kTable, Scope::kTable)) return;
        pop_until(Tag::kTable);
        reset_insertion_mode();
        return process(mode_, token);
      case Tag::kStyle:
      case Tag::kScript:
      case Tag::kTemplate:
        return in_head(token);
      case Tag::kInput: {
        bool hidden = false;
        for (const Attribute& attribute : token.attributes) {
          hidden = hidden ||
                   (attribute.name == "type" && base::ascii_iequals(attribute.value, "hidden"));
        }
        if (hidden) return insert_void(token);
        break;
      }
      case Tag::kForm:
        if (has_open(Tag::kTemplate) || form_ != nullptr) return;
        form_ = insert_element(token);
        pop();
        return;
      default:
        break;
    }
  }
  if (token.type == TokenType::kEndTag) {
    if (token.tag == Tag::kTable) {
      if (!in_scope(Tag::kTable, Scope::kTable)) return;
      pop_until(Tag::kTable);
      return reset_insertion_mode();
    }
    if (kIgnoredEnds.has(token.tag)) return;
    if (token.tag == Tag::kTemplate) return in_head(token);
  }
  foster_in_body(token);
}

void TreeBuilder::in_table_text(Token& token) {
  if (token.type == TokenType::kText) {
    if (token.is_null) return;
    pending_table_text_.push_back({token.text, token.offset});
    pending_has_other_than_space_ = pending_has_other_than_space_ || !space_run_;
    return;
  }
  for (const PendingText& pending : pending_table_text_) {
    if (!pending_has_other_than_space_) {
      insert_text(pending.text, pending.offset);
      continue;
    }
    Token piece;
    piece.type = TokenType::kText;
    piece.text = pending.text;
    piece.offset = pending.offset;
    space_run_ = all_space(pending.text);
    foster_in_body(piece);
  }
  pending_table_text_.clear();
  mode_ = original_mode_;
  dispatch(token);
}

void TreeBuilder::in_caption(Token& token) {
  const bool start = token.type == TokenType::kStartTag;
  const bool end = token.type == TokenType::kEndTag;
  if (end && token.tag == Tag::kCaption) {
    if (!in_scope(Tag::kCaption, Scope::kTable)) return;
    generate_implied_end_tags();
    pop_until(Tag::kCaption);
    clear_to_marker();
    mode_ = Mode::kInTable;
    return;
  }
  if ((start && kAllParts.has(token.tag)) || (end && token.tag == Tag::kTable)) {
    if (!in_scope(Tag::kCaption, Scope::kTable)) return;
    generate_implied_end_tags();
    pop_until(Tag::kCaption);
    clear_to_marker();
    mode_ = Mode::kInTable;
    return process(mode_, token);
  }
  if (end && kIgnoredEnds.has(token.tag)) return;
  in_body(token);
}

void TreeBuilder::in_column_group(Token& token) {
  if (is_space_run(token)) return insert_text(token.text, token.offset);
  if (token.type == TokenType::kComment) return insert_comment(token);
  if (token.type == TokenType::kDoctype) return;
  if (token.type == TokenType::kEnd) return in_body(token);
  if (token.type == TokenType::kStartTag) {
    if (token.tag == Tag::kHtml) return in_body(token);
    if (token.tag == Tag::kCol) return insert_void(token);
    if (token.tag == Tag::kTemplate) return in_head(token);
  }
  if (token.type == TokenType::kEndTag) {
    if (token.tag == Tag::kColgroup) {
      if (!current()->is_html(Tag::kColgroup)) return;
      pop();
      mode_ = Mode::kInTable;
      return;
    }
    if (token.tag == Tag::kCol) return;
    if (token.tag == Tag::kTemplate) return in_head(token);
  }
  if (!current()->is_html(Tag::kColgroup)) return;
  pop();
  mode_ = Mode::kInTable;
  process(mode_, token);
}

void TreeBuilder::in_table_body(Token& token) {
  if (token.type == TokenType::kStartTag) {
    if (token.tag == Tag::kTr) {
      clear_to(kBodyContext);
      insert_element(token);
      mode_ = Mode::kInRow;
      return;
    }
    if (kCells.has(token.tag)) {
      clear_to(kBodyContext);
      insert_implied(Tag::kTr);
      mode_ = Mode::kInRow;
      return process(mode_, token);
    }
  }
  if (token.type == TokenType::kEndTag && kSections.has(token.tag)) {
    if (!in_scope(token.tag, Scope::kTable)) return;
    clear_to(kBodyContext);
    pop();
    mode_ = Mode::kInTable;
    return;
  }
  constexpr TagSet kLeaving = {Tag::kCaption, Tag::kCol,   Tag::kColgroup,
                               Tag::kTbody,   Tag::kTfoot, Tag::kThead};
  if ((token.type == TokenType::kStartTag && kLeaving.has(token.tag)) ||
      (token.type == TokenType::kEndTag && token.tag == Tag::kTable)) {
    if (!any_in_scope(kSections, Scope::kTable)) return;
    clear_to(kBodyContext);
    pop();
    mode_ = Mode::kInTable;
    return process(mode_, token);
  }
  constexpr TagSet kIgnored = {Tag::kBody, Tag::kCaption, Tag::kCol, Tag::kColgroup,
                               Tag::kHtml, Tag::kTd,      Tag::kTh,  Tag::kTr};
  if (token.type == TokenType::kEndTag && kIgnored.has(token.tag)) return;
  in_table(token);
}

void TreeBuilder::in_row(Token& token) {
  const auto leave_row = [&] {
    clear_to(kRowContext);
    pop();
    mode_ = Mode::kInTableBody;
  };
  if (token.type == TokenType::kStartTag && kCells.has(token.tag)) {
    clear_to(kRowContext);
    insert_element(token);
    mode_ = Mode::kInCell;
    push_marker();
    return;
  }
  if (token.type == TokenType::kEndTag && token.tag == Tag::kTr) {
    if (in_scope(Tag::kTr, Scope::kTable)) leave_row();
    return;
  }
  constexpr TagSet kLeaving = {Tag::kCaption, Tag::kCol,   Tag::kColgroup, Tag::kTbody,
                               Tag::kTfoot,   Tag::kThead, Tag::kTr};
  if ((token.type == TokenType::kStartTag && kLeaving.has(token.tag)) ||
      (token.type == TokenType::kEndTag && token.tag == Tag::kTable)) {
    if (!in_scope(Tag::kTr, Scope::kTable)) return;
    leave_row();
    return process(mode_, token);
  }
  if (token.type == TokenType::kEndTag && kSections.has(token.tag)) {
    if (!in_scope(token.tag, Scope::kTable) || !in_scope(Tag::kTr, Scope::kTable)) return;
    leave_row();
    return process(mode_, token);
  }
  constexpr TagSet kIgnored = {Tag::kBody, Tag::kCaption, Tag::kCol, Tag::kColgroup,
                               Tag::kHtml, Tag::kTd,      Tag::kTh};
  if (token.type == TokenType::kEndTag && kIgnored.has(token.tag)) return;
  in_table(token);
}

void TreeBuilder::close_cell() {
  generate_implied_end_tags();
  pop_until_any(kCells);
  clear_to_marker();
  mode_ = Mode::kInRow;
}

void TreeBuilder::in_cell(Token& token) {
  if (token.type == TokenType::kEndTag && kCells.has(token.tag)) {
    if (!in_scope(token.tag, Scope::kTable)) return;
    generate_implied_end_tags();
    pop_until(token.tag);
    clear_to_marker();
    mode_ = Mode::kInRow;
    return;
  }
  if (token.type == TokenType::kStartTag && kAllParts.has(token.tag)) {
    if (!any_in_scope(kCells, Scope::kTable)) return;
    close_cell();
    return process(mode_, token);
  }
  constexpr TagSet kIgnored = {Tag::kBody, Tag::kCaption, Tag::kCol, Tag::kColgroup, Tag::kHtml};
  if (token.type == TokenType::kEndTag && kIgnored.has(token.tag)) return;
  if (token.type == TokenType::kEndTag && kTableParts.has(token.tag)) {
    if (!in_scope(token.tag, Scope::kTable)) return;
    close_cell();
    return process(mode_, token);
  }
  in_body(token);
}

}  // namespace seine::web::html
