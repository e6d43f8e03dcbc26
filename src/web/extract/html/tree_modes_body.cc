#include "base/text.h"
#include "web/extract/html/tree_builder.h"

namespace seine::web::html {
namespace {

constexpr TagSet kBlocks = {
    Tag::kAddress,  Tag::kArticle,    Tag::kAside,   Tag::kBlockquote, Tag::kCenter,
    Tag::kDetails,  Tag::kDialog,     Tag::kDir,     Tag::kDiv,        Tag::kDl,
    Tag::kFieldset, Tag::kFigcaption, Tag::kFigure,  Tag::kFooter,     Tag::kHeader,
    Tag::kHgroup,   Tag::kMain,       Tag::kMenu,    Tag::kNav,        Tag::kOl,
    Tag::kP,        Tag::kSearch,     Tag::kSection, Tag::kSummary,    Tag::kUl};
constexpr TagSet kBlockEnds = {
    Tag::kAddress,    Tag::kArticle, Tag::kAside,   Tag::kBlockquote, Tag::kButton, Tag::kCenter,
    Tag::kDetails,    Tag::kDialog,  Tag::kDir,     Tag::kDiv,        Tag::kDl,     Tag::kFieldset,
    Tag::kFigcaption, Tag::kFigure,  Tag::kFooter,  Tag::kHeader,     Tag::kHgroup, Tag::kListing,
    Tag::kMain,       Tag::kMenu,    Tag::kNav,     Tag::kOl,         Tag::kPre,    Tag::kSearch,
    Tag::kSection,    Tag::kSelect,  Tag::kSummary, Tag::kUl};
constexpr TagSet kFormatting = {Tag::kB,      Tag::kBig,    Tag::kCode, Tag::kEm,
                                Tag::kFont,   Tag::kI,      Tag::kS,    Tag::kSmall,
                                Tag::kStrike, Tag::kStrong, Tag::kTt,   Tag::kU};
constexpr TagSet kFormattingEnds = {Tag::kA,      Tag::kB,      Tag::kBig,  Tag::kCode, Tag::kEm,
                                    Tag::kFont,   Tag::kI,      Tag::kNobr, Tag::kS,    Tag::kSmall,
                                    Tag::kStrike, Tag::kStrong, Tag::kTt,   Tag::kU};
constexpr TagSet kVoidText = {Tag::kArea, Tag::kBr,     Tag::kEmbed,
                              Tag::kImg,  Tag::kKeygen, Tag::kWbr};
constexpr TagSet kMarked = {Tag::kApplet, Tag::kMarquee, Tag::kObject};
constexpr TagSet kIgnoredStarts = {Tag::kCaption, Tag::kCol,   Tag::kColgroup, Tag::kFrame,
                                   Tag::kHead,    Tag::kTbody, Tag::kTd,       Tag::kTfoot,
                                   Tag::kTh,      Tag::kThead, Tag::kTr};

}  // namespace

void TreeBuilder::in_body(Token& token) {
  switch (token.type) {
    case TokenType::kText:
      if (token.is_null) return;
      reconstruct_formatting();
      insert_text(token.text, token.offset);
      if (!space_run_) frameset_ok_ = false;
      return;
    case TokenType::kComment:
      return insert_comment(token);
    case TokenType::kDoctype:
      return;
    case TokenType::kStartTag:
      return in_body_start(token);
    case TokenType::kEndTag:
      return in_body_end(token);
    case TokenType::kEnd:
      if (!template_modes_.empty()) return in_template(token);
      return stop();
  }
}

void TreeBuilder::start_list_item(const Token& token) {
  frameset_ok_ = false;
  const bool item = token.tag == Tag::kLi;
  for (std::size_t i = stack_.size(); i-- > 0;) {
    const Node* node = stack_[i];
    const bool closes =
        item ? node->is_html(Tag::kLi) : node->is_html(Tag::kDd) || node->is_html(Tag::kDt);
    if (closes) {
      const Tag tag = node->tag;
      generate_implied_end_tags(tag);
      pop_until(tag);
      break;
    }
    if (is_special(node) && !node->is_html(Tag::kAddress) && !node->is_html(Tag::kDiv) &&
        !node->is_html(Tag::kP)) {
      break;
    }
  }
  close_p_in_button_scope();
  insert_element(token);
}

void TreeBuilder::in_body_start(Token& token) {
  const Tag tag = token.tag;
  if (kHeadOnes.has(tag)) return in_head(token);
  if (kBlocks.has(tag)) {
    close_p_in_button_scope();
    insert_element(token);
    return;
  }
  if (kFormatting.has(tag)) {
    reconstruct_formatting();
    push_formatting(insert_element(token));
    return;
  }
  if (kVoidText.has(tag)) {
    reconstruct_formatting();
    insert_void(token);
    frameset_ok_ = false;
    return;
  }
  if (kHeadings.has(tag)) {
    close_p_in_button_scope();
    if (current()->ns == Namespace::kHtml && kHeadings.has(current()->tag)) pop();
    insert_element(token);
    return;
  }
  if (kMarked.has(tag)) {
    reconstruct_formatting();
    insert_element(token);
    push_marker();
    frameset_ok_ = false;
    return;
  }
  if (kIgnoredStarts.has(tag)) return;
  switch (tag) {
    case Tag::kHtml:
      if (!has_open(Tag::kTemplate)) merge_attributes(stack_.front(), token);
      return;
    case Tag::kBody:
      if (stack_.size() < 2 || !stack_[1]->is_html(Tag::kBody) || has_open(Tag::kTemplate)) return;
      frameset_ok_ = false;
      merge_attributes(stack_[1], token);
      return;
    case Tag::kFrameset: {
      if (stack_.size() < 2 || !stack_[1]->is_html(Tag::kBody) || !frameset_ok_) return;
      Node* body = stack_[1];
      while (stack_.size() > 1) pop();
      detach(body);
      insert_element(token);
      mode_ = Mode::kInFrameset;
      return;
    }
    case Tag::kPre:
    case Tag::kListing:
      close_p_in_button_scope();
      insert_element(token);
      skip_line_feed_ = true;
      frameset_ok_ = false;
      return;
    case Tag::kForm: {
      const bool in_template_tree = has_open(Tag::kTemplate);
      if (form_ != nullptr && !in_template_tree) return;
      close_p_in_button_scope();
      Node* form = insert_element(token);
      if (!in_template_tree) form_ = form;
      return;
    }
    case Tag::kLi:
    case Tag::kDd:
    case Tag::kDt:
      return start_list_item(token);
    case Tag::kPlaintext:
      close_p_in_button_scope();
      insert_element(token);
      tokenizer_.set_mode(TextMode::kPlaintext);
      return;
    case Tag::kButton:
      if (in_scope(Tag::kButton)) {
        generate_implied_end_tags();
        pop_until(Tag::kButton);
      }
      reconstruct_formatting();
      insert_element(token);
      frameset_ok_ = false;
      return;
    case Tag::kA:
      if (Node* open = formatting_after_marker(Tag::kA)) {
        adopt(Tag::kA, token);
        remove_from_formatting(open);
        remove_from_stack(open);
      }
      reconstruct_formatting();
      push_formatting(insert_element(token));
      return;
    case Tag::kNobr:
      reconstruct_formatting();
      if (in_scope(Tag::kNobr)) {
        adopt(Tag::kNobr, token);
        reconstruct_formatting();
      }
      push_formatting(insert_element(token));
      return;
    case Tag::kTable:
      if (document_.quirks != QuirksMode::kQuirks) close_p_in_button_scope();
      insert_element(token);
      frameset_ok_ = false;
      mode_ = Mode::kInTable;
      return;
    case Tag::kInput: {
      if (context_ != nullptr && context_->is_html(Tag::kSelect)) return;
      if (in_scope(Tag::kSelect)) pop_until(Tag::kSelect);
      reconstruct_formatting();
      const Node* input = insert_element(token);
      pop();
      if (!base::ascii_iequals(input->get("type"), "hidden")) frameset_ok_ = false;
      return;
    }
    case Tag::kParam:
    case Tag::kSource:
    case Tag::kTrack:
      return insert_void(token);
    case Tag::kHr:
      close_p_in_button_scope();
      if (in_scope(Tag::kSelect)) generate_implied_end_tags();
      insert_void(token);
      frameset_ok_ = false;
      return;
    case Tag::kImage:
      token.tag = Tag::kImg;
      token.name = tag_name(Tag::kImg);
      return in_body_start(token);
    case Tag::kTextarea:
      start_text(token, TextMode::kRcdata);
      skip_line_feed_ = true;
      frameset_ok_ = false;
      return;
    case Tag::kXmp:
      close_p_in_button_scope();
      reconstruct_formatting();
      frameset_ok_ = false;
      return start_text(token, TextMode::kRawtext);
    case Tag::kIframe:
      frameset_ok_ = false;
      return start_text(token, TextMode::kRawtext);
    case Tag::kNoembed:
      return start_text(token, TextMode::kRawtext);
    case Tag::kSelect:
      if (context_ != nullptr && context_->is_html(Tag::kSelect)) return;
      if (in_scope(Tag::kSelect)) return pop_until(Tag::kSelect);
      reconstruct_formatting();
      insert_element(token);
      frameset_ok_ = false;
      return;
    case Tag::kOption:
    case Tag::kOptgroup:
      if (in_scope(Tag::kSelect)) {
        generate_implied_end_tags(tag == Tag::kOption ? Tag::kOptgroup : Tag::kUnknown);
      } else if (current()->is_html(Tag::kOption)) {
        pop();
      }
      reconstruct_formatting();
      insert_element(token);
      return;
    case Tag::kRb:
    case Tag::kRtc:
      if (in_scope(Tag::kRuby)) generate_implied_end_tags();
      insert_element(token);
      return;
    case Tag::kRp:
    case Tag::kRt:
      if (in_scope(Tag::kRuby)) generate_implied_end_tags(Tag::kRtc);
      insert_element(token);
      return;
    case Tag::kMath:
    case Tag::kSvg:
      reconstruct_formatting();
      in_foreign(token);
      return;
    default:
      reconstruct_formatting();
      insert_element(token);
      return;
  }
}

void TreeBuilder::any_other_end_tag(const Token& token) {
  for (std::size_t i = stack_.size(); i-- > 0;) {
    Node* node = stack_[i];
    if (node->ns == Namespace::kHtml && node->tag == token.tag && node->name == token.name) {
      generate_implied_end_tags(token.tag == Tag::kUnknown ? Tag::kCount : token.tag);
      pop_until_node(node);
      return;
    }
    if (is_special(node)) return;
  }
}

void TreeBuilder::in_body_end(Token& token) {
  const Tag tag = token.tag;
  if (kBlockEnds.has(tag)) {
    if (!in_scope(tag)) return;
    generate_implied_end_tags();
    pop_until(tag);
    return;
  }
  if (kFormattingEnds.has(tag)) return adopt(tag, token);
  if (kHeadings.has(tag)) {
    if (!any_in_scope(kHeadings)) return;
    generate_implied_end_tags();
    pop_until_any(kHeadings);
    return;
  }
  if (kMarked.has(tag)) {
    if (!in_scope(tag)) return;
    generate_implied_end_tags();
    pop_until(tag);
    clear_to_marker();
    return;
  }
  switch (tag) {
    case Tag::kTemplate:
      return in_head(token);
    case Tag::kBody:
      if (end_body_allowed()) mode_ = Mode::kAfterBody;
      return;
    case Tag::kHtml:
      if (!end_body_allowed()) return;
      mode_ = Mode::kAfterBody;
      return process(mode_, token);
    case Tag::kForm: {
      if (has_open(Tag::kTemplate)) {
        if (!in_scope(Tag::kForm)) return;
        generate_implied_end_tags();
        pop_until(Tag::kForm);
        return;
      }
      Node* form = form_;
      form_ = nullptr;
      if (form == nullptr || !node_in_scope(form)) return;
      generate_implied_end_tags();
      remove_from_stack(form);
      return;
    }
    case Tag::kP:
      if (!in_scope(Tag::kP, Scope::kButton)) insert_implied(Tag::kP);
      return close_p();
    case Tag::kLi:
      if (!in_scope(Tag::kLi, Scope::kListItem)) return;
      generate_implied_end_tags(Tag::kLi);
      return pop_until(Tag::kLi);
    case Tag::kDd:
    case Tag::kDt:
      if (!in_scope(tag)) return;
      generate_implied_end_tags(tag);
      return pop_until(tag);
    case Tag::kBr:
      token.type = TokenType::kStartTag;
      token.attributes.clear();
      return in_body_start(token);
    default:
      return any_other_end_tag(token);
  }
}

void TreeBuilder::text(Token& token) {
  if (token.type == TokenType::kText) return insert_text(token.text, token.offset);
  pop();
  mode_ = original_mode_;
  if (token.type == TokenType::kEnd) process(mode_, token);
}

}  // namespace seine::web::html
