#include <algorithm>

#include "web/extract/html/tree_builder.h"

namespace seine::web::html {
namespace {

constexpr TagSet kSpecialHtml = {
    Tag::kAddress,   Tag::kApplet,   Tag::kArea,     Tag::kArticle,    Tag::kAside,
    Tag::kBase,      Tag::kBasefont, Tag::kBgsound,  Tag::kBlockquote, Tag::kBody,
    Tag::kBr,        Tag::kButton,   Tag::kCaption,  Tag::kCenter,     Tag::kCol,
    Tag::kColgroup,  Tag::kDd,       Tag::kDetails,  Tag::kDir,        Tag::kDiv,
    Tag::kDl,        Tag::kDt,       Tag::kEmbed,    Tag::kFieldset,   Tag::kFigcaption,
    Tag::kFigure,    Tag::kFooter,   Tag::kForm,     Tag::kFrame,      Tag::kFrameset,
    Tag::kH1,        Tag::kH2,       Tag::kH3,       Tag::kH4,         Tag::kH5,
    Tag::kH6,        Tag::kHead,     Tag::kHeader,   Tag::kHgroup,     Tag::kHr,
    Tag::kHtml,      Tag::kIframe,   Tag::kImg,      Tag::kInput,      Tag::kKeygen,
    Tag::kLi,        Tag::kLink,     Tag::kListing,  Tag::kMain,       Tag::kMarquee,
    Tag::kMenu,      Tag::kMeta,     Tag::kNav,      Tag::kNoembed,    Tag::kNoframes,
    Tag::kNoscript,  Tag::kObject,   Tag::kOl,       Tag::kP,          Tag::kParam,
    Tag::kPlaintext, Tag::kPre,      Tag::kScript,   Tag::kSearch,     Tag::kSection,
    Tag::kSelect,    Tag::kSource,   Tag::kStyle,    Tag::kSummary,    Tag::kTable,
    Tag::kTbody,     Tag::kTd,       Tag::kTemplate, Tag::kTextarea,   Tag::kTfoot,
    Tag::kTh,        Tag::kThead,    Tag::kTitle,    Tag::kTr,         Tag::kTrack,
    Tag::kUl,        Tag::kWbr,      Tag::kXmp};
constexpr TagSet kSpecialMathml = {Tag::kMi, Tag::kMo,    Tag::kMn,
                                   Tag::kMs, Tag::kMtext, Tag::kAnnotationXml};
constexpr TagSet kSpecialSvg = {Tag::kForeignobject, Tag::kDesc, Tag::kTitle};

constexpr TagSet kScopeDefault = {Tag::kApplet, Tag::kCaption, Tag::kHtml,    Tag::kTable,
                                  Tag::kTd,     Tag::kTh,      Tag::kMarquee, Tag::kObject,
                                  Tag::kSelect, Tag::kTemplate};
constexpr TagSet kScopeTable = {Tag::kHtml, Tag::kTable, Tag::kTemplate};

constexpr TagSet kImplied = {Tag::kDd, Tag::kDt, Tag::kLi, Tag::kOptgroup, Tag::kOption,
                             Tag::kP,  Tag::kRb, Tag::kRp, Tag::kRt,       Tag::kRtc};
constexpr TagSet kImpliedThorough = {
    Tag::kCaption, Tag::kColgroup, Tag::kDd,    Tag::kDt, Tag::kLi,    Tag::kOptgroup,
    Tag::kOption,  Tag::kP,        Tag::kRb,    Tag::kRp, Tag::kRt,    Tag::kRtc,
    Tag::kTbody,   Tag::kTd,       Tag::kTfoot, Tag::kTh, Tag::kThead, Tag::kTr};

}  // namespace

bool is_special(const Node* node) {
  switch (node->ns) {
    case Namespace::kHtml:
      return kSpecialHtml.has(node->tag);
    case Namespace::kMathml:
      return kSpecialMathml.has(node->tag);
    case Namespace::kSvg:
      return kSpecialSvg.has(node->tag);
  }
  return false;
}

void TreeBuilder::push(Node* node) {
  stack_.push_back(node);
  if (node->ns == Namespace::kHtml) ++open_[static_cast<std::size_t>(node->tag)];
}

// The root element stays: no input may leave the stack empty.
void TreeBuilder::pop() {
  if (stack_.size() == 1) return;
  const Node* node = stack_.back();
  if (node->ns == Namespace::kHtml) --open_[static_cast<std::size_t>(node->tag)];
  stack_.pop_back();
}

void TreeBuilder::pop_until(Tag tag) {
  while (stack_.size() > 1) {
    const bool found = current()->is_html(tag);
    pop();
    if (found) return;
  }
}

void TreeBuilder::pop_until_any(const TagSet& tags) {
  while (stack_.size() > 1) {
    const bool found = current()->ns == Namespace::kHtml && tags.has(current()->tag);
    pop();
    if (found) return;
  }
}

void TreeBuilder::pop_until_node(const Node* node) {
  while (stack_.size() > 1) {
    const bool found = current() == node;
    pop();
    if (found) return;
  }
}

void TreeBuilder::remove_from_stack(const Node* node) {
  const auto found = std::ranges::find(stack_, node);
  if (found == stack_.end()) return;
  if (node->ns == Namespace::kHtml) --open_[static_cast<std::size_t>(node->tag)];
  stack_.erase(found);
}

bool TreeBuilder::in_stack(const Node* node) const {
  return std::ranges::find(stack_, node) != stack_.end();
}

bool TreeBuilder::any_in_scope(const TagSet& tags, Scope scope) const {
  for (auto it = stack_.rbegin(); it != stack_.rend(); ++it) {
    const Node* node = *it;
    if (node->ns == Namespace::kHtml) {
      if (tags.has(node->tag)) return true;
      if (scope == Scope::kTable) {
        if (kScopeTable.has(node->tag)) return false;
        continue;
      }
      if (kScopeDefault.has(node->tag)) return false;
      if (scope == Scope::kButton && node->tag == Tag::kButton) return false;
      if (scope == Scope::kListItem && (node->tag == Tag::kOl || node->tag == Tag::kUl))
        return false;
    } else if (scope != Scope::kTable && is_special(node)) {
      return false;  // the special foreign elements are exactly the ones that bound a scope
    }
  }
  return false;
}

bool TreeBuilder::in_scope(Tag tag, Scope scope) const {
  return has_open(tag) && any_in_scope({tag}, scope);
}

bool TreeBuilder::node_in_scope(const Node* wanted) const {
  for (auto it = stack_.rbegin(); it != stack_.rend(); ++it) {
    if (*it == wanted) return true;
    const Node* node = *it;
    if (node->ns == Namespace::kHtml ? kScopeDefault.has(node->tag) : is_special(node))
      return false;
  }
  return false;
}

void TreeBuilder::generate_implied_end_tags(Tag except) {
  while (current()->ns == Namespace::kHtml && kImplied.has(current()->tag) &&
         current()->tag != except)
    pop();
}

void TreeBuilder::generate_implied_end_tags_thoroughly() {
  while (current()->ns == Namespace::kHtml && kImpliedThorough.has(current()->tag)) pop();
}

void TreeBuilder::close_p() {
  generate_implied_end_tags(Tag::kP);
  pop_until(Tag::kP);
}

void TreeBuilder::clear_to(const TagSet& tags) {
  while (stack_.size() > 1 && (current()->ns != Namespace::kHtml || !tags.has(current()->tag)))
    pop();
}

void TreeBuilder::reset_insertion_mode() {
  for (std::size_t i = stack_.size(); i-- > 0;) {
    const bool last = i == 0;
    const Node* node = last && context_ != nullptr ? context_ : stack_[i];
    if (node->ns == Namespace::kHtml) {
      switch (node->tag) {
        case Tag::kTd:
        case Tag::kTh:
          if (last) break;
          mode_ = Mode::kInCell;
          return;
        case Tag::kTr:
          mode_ = Mode::kInRow;
          return;
        case Tag::kTbody:
        case Tag::kThead:
        case Tag::kTfoot:
          mode_ = Mode::kInTableBody;
          return;
        case Tag::kCaption:
          mode_ = Mode::kInCaption;
          return;
        case Tag::kColgroup:
          mode_ = Mode::kInColumnGroup;
          return;
        case Tag::kTable:
          mode_ = Mode::kInTable;
          return;
        case Tag::kTemplate:
          mode_ = template_modes_.back();
          return;
        case Tag::kHead:
          if (last) break;
          mode_ = Mode::kInHead;
          return;
        case Tag::kBody:
          mode_ = Mode::kInBody;
          return;
        case Tag::kFrameset:
          mode_ = Mode::kInFrameset;
          return;
        case Tag::kHtml:
          mode_ = head_ == nullptr ? Mode::kBeforeHead : Mode::kAfterHead;
          return;
        default:
          break;
      }
    }
    if (last) mode_ = Mode::kInBody;
  }
}

}  // namespace seine::web::html
