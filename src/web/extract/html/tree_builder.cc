#include "web/extract/html/tree_builder.h"

#include <algorithm>
#include <cstring>

namespace seine::web::html {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

bool all_space(std::string_view text) {
  return std::ranges::all_of(text, is_space);
}

TreeBuilder::TreeBuilder(Document& document, const ParseLimits& limits)
    : document_(document), limits_(limits), tokenizer_(document.source, document.arena) {
  stack_.reserve(64);
  document_.root = new_node(NodeType::kDocument, 0);
}

std::unique_ptr<Document> parse(std::string source, const ParseLimits& limits) {
  auto document = std::make_unique<Document>();
  document->source = std::move(source);
  if (document->source.size() > limits.source_bytes_max) {
    document->source.resize(limits.source_bytes_max);
    document->truncated = true;
  }
  TreeBuilder(*document, limits).run();
  return document;
}

std::unique_ptr<Document> parse_fragment(std::string source, std::string_view context_name,
                                         Namespace context_namespace, const ParseLimits& limits) {
  auto document = std::make_unique<Document>();
  document->source = std::move(source);
  if (document->source.size() > limits.source_bytes_max) {
    document->source.resize(limits.source_bytes_max);
    document->truncated = true;
  }
  TreeBuilder(*document, limits).run_fragment(context_name, context_namespace);
  return document;
}

void TreeBuilder::run() {
  loop();
}

void TreeBuilder::run_fragment(std::string_view context_name, Namespace context_namespace) {
  context_ = new_node(NodeType::kElement, kNoOffset);
  context_->name = document_.arena.copy(context_name);
  context_->tag = tag_from_name(context_name);
  if (context_name == "foreignObject") context_->tag = Tag::kForeignobject;
  context_->ns = context_namespace;
  if (context_namespace == Namespace::kHtml) {
    switch (context_->tag) {
      case Tag::kTitle:
      case Tag::kTextarea:
        tokenizer_.set_mode(TextMode::kRcdata, context_name);
        break;
      case Tag::kStyle:
      case Tag::kXmp:
      case Tag::kIframe:
      case Tag::kNoembed:
      case Tag::kNoframes:
        tokenizer_.set_mode(TextMode::kRawtext, context_name);
        break;
      case Tag::kScript:
        tokenizer_.set_mode(TextMode::kScript, context_name);
        break;
      case Tag::kPlaintext:
        tokenizer_.set_mode(TextMode::kPlaintext, context_name);
        break;
      default:
        break;
    }
    if (context_->tag == Tag::kTemplate) template_modes_.push_back(Mode::kInTemplate);
    if (context_->tag == Tag::kForm) form_ = context_;
  }
  Node* html = new_node(NodeType::kElement, kNoOffset);
  html->name = tag_name(Tag::kHtml);
  html->tag = Tag::kHtml;
  append_child(document_.root, html);
  push(html);
  reset_insertion_mode();
  loop();
  detach(html);
  move_children(html, document_.root);
}

void TreeBuilder::loop() {
  while (!stopped_) {
    if (nodes_ >= limits_.nodes_max) {
      document_.truncated = true;
      return;
    }
    tokenizer_.allow_cdata(!stack_.empty() && adjusted_current()->ns != Namespace::kHtml);
    Token& token = tokenizer_.next();
    if (skip_line_feed_) {
      skip_line_feed_ = false;
      if (token.type == TokenType::kText && token.text.starts_with('\n')) {
        token.text.remove_prefix(1);
        ++token.offset;
        if (token.text.empty()) continue;
      }
    }
    if (token.type == TokenType::kText) {
      process_text_runs(token);
    } else {
      dispatch(token);
    }
    if (token.type == TokenType::kEnd) return;
  }
}

// Modes that treat white space apart get text in runs of one kind.
void TreeBuilder::process_text_runs(Token& token) {
  constexpr auto takes_whole = [](Mode mode) {
    return mode == Mode::kInBody || mode == Mode::kText || mode == Mode::kInCell ||
           mode == Mode::kInCaption || mode == Mode::kInTemplate;
  };
  std::string_view rest = token.text;
  std::uint32_t offset = token.offset;
  while (!rest.empty()) {
    std::size_t run = rest.size();
    if (!takes_whole(mode_)) {
      const bool space = is_space(rest.front());
      run = static_cast<std::size_t>(
          std::ranges::find_if(rest, [&](char c) { return is_space(c) != space; }) - rest.begin());
    }
    token.text = rest.substr(0, run);
    token.offset = offset;
    space_run_ = all_space(token.text);
    rest.remove_prefix(run);
    offset += static_cast<std::uint32_t>(run);
    dispatch(token);
  }
}

Node* TreeBuilder::adjusted_current() const {
  return context_ != nullptr && stack_.size() == 1 ? context_ : stack_.back();
}

bool TreeBuilder::uses_foreign_rules(const Token& token) const {
  if (stack_.empty() || token.type == TokenType::kEnd) return false;
  const Node* node = adjusted_current();
  if (node->ns == Namespace::kHtml) return false;
  const bool start = token.type == TokenType::kStartTag;
  const bool text = token.type == TokenType::kText;
  if (is_mathml_text_point(node) &&
      (text || (start && token.tag != Tag::kMglyph && token.tag != Tag::kMalignmark))) {
    return false;
  }
  if (node->ns == Namespace::kMathml && node->tag == Tag::kAnnotationXml && start &&
      token.tag == Tag::kSvg) {
    return false;
  }
  return !(is_html_integration_point(node) && (start || text));
}

void TreeBuilder::dispatch(Token& token) {
  if (uses_foreign_rules(token)) {
    in_foreign(token);
  } else {
    process(mode_, token);
  }
}

void TreeBuilder::process(Mode mode, Token& token) {
  switch (mode) {
    case Mode::kInitial:
      return initial(token);
    case Mode::kBeforeHtml:
      return before_html(token);
    case Mode::kBeforeHead:
      return before_head(token);
    case Mode::kInHead:
      return in_head(token);
    case Mode::kInHeadNoscript:
      return in_head_noscript(token);
    case Mode::kAfterHead:
      return after_head(token);
    case Mode::kInBody:
      return in_body(token);
    case Mode::kText:
      return text(token);
    case Mode::kInTable:
      return in_table(token);
    case Mode::kInTableText:
      return in_table_text(token);
    case Mode::kInCaption:
      return in_caption(token);
    case Mode::kInColumnGroup:
      return in_column_group(token);
    case Mode::kInTableBody:
      return in_table_body(token);
    case Mode::kInRow:
      return in_row(token);
    case Mode::kInCell:
      return in_cell(token);
    case Mode::kInTemplate:
      return in_template(token);
    case Mode::kAfterBody:
      return after_body(token);
    case Mode::kInFrameset:
      return in_frameset(token);
    case Mode::kAfterFrameset:
      return after_frameset(token);
    case Mode::kAfterAfterBody:
      return after_after_body(token);
    case Mode::kAfterAfterFrameset:
      return after_after_frameset(token);
  }
}

Node* TreeBuilder::new_node(NodeType type, std::uint32_t offset) {
  ++nodes_;
  Node* node = document_.arena.make<Node>();
  node->type = type;
  node->id = document_.node_count++;
  node->offset = offset;
  return node;
}

Node* TreeBuilder::create_element(const Token& token, Namespace ns) {
  Node* node = new_node(NodeType::kElement, token.offset);
  node->ns = ns;
  node->tag = token.tag;
  node->name = token.name;
  node->attribute_count = static_cast<std::uint32_t>(token.attributes.size());
  if (!token.attributes.empty()) {
    node->attributes = document_.arena.make_array<Attribute>(token.attributes.size());
    std::ranges::copy(token.attributes, node->attributes);
  }
  if (node->is_html(Tag::kTemplate)) node->content = new_node(NodeType::kDocument, token.offset);
  return node;
}

Node* TreeBuilder::insert_foreign(const Token& token, Namespace ns) {
  // At the depth limit the new element takes the place of the current one.
  if (stack_.size() >= limits_.depth_max) pop();
  const Place place = appropriate_place();
  Node* node = create_element(token, ns);
  insert_before(place.parent, node, place.before);
  push(node);
  return node;
}

void TreeBuilder::insert_void(const Token& token) {
  insert_element(token);
  pop();
}

Node* TreeBuilder::insert_implied(Tag tag) {
  Token token;
  token.type = TokenType::kStartTag;
  token.tag = tag;
  token.name = tag_name(tag);
  token.offset = kNoOffset;
  return insert_element(token);
}

TreeBuilder::Place TreeBuilder::appropriate_place(Node* target) const {
  if (target == nullptr) target = current();
  constexpr TagSet kFostering = {Tag::kTable, Tag::kTbody, Tag::kTfoot, Tag::kThead, Tag::kTr};
  Place place{target, nullptr};
  if (foster_parenting_ && target->ns == Namespace::kHtml && kFostering.has(target->tag)) {
    std::size_t i = stack_.size();
    while (i > 0 && !stack_[i - 1]->is_html(Tag::kTable) && !stack_[i - 1]->is_html(Tag::kTemplate))
      --i;
    if (i == 0) {
      place.parent = stack_.front();
    } else if (Node* found = stack_[i - 1]; found->is_html(Tag::kTemplate)) {
      place.parent = found;
    } else if (found->parent != nullptr) {
      place = {found->parent, found};
    } else {
      place.parent = stack_[i - 2];
    }
  }
  if (place.parent->content != nullptr) place = {place.parent->content, nullptr};
  return place;
}

void TreeBuilder::insert_text(std::string_view text, std::uint32_t offset) {
  if (text.empty()) return;
  const Place place = appropriate_place();
  if (place.parent->type == NodeType::kDocument && place.parent == document_.root) return;
  Node* before = place.before != nullptr ? place.before->previous : place.parent->last_child;
  if (before == nullptr || !before->is_text()) {
    Node* node = new_node(NodeType::kText, offset);
    node->text = text;
    insert_before(place.parent, node, place.before);
    return;
  }
  std::string_view& old = before->text;
  if (before->text_capacity == 0 && old.data() + old.size() == text.data()) {
    old = {old.data(), old.size() + text.size()};  // the next slice of the same source
    return;
  }
  const std::size_t size = old.size() + text.size();
  if (size > before->text_capacity) {
    const std::size_t capacity = size * 2;
    char* grown = static_cast<char*>(document_.arena.allocate(capacity));
    std::memcpy(grown, old.data(), old.size());
    old = {grown, old.size()};
    before->text_capacity = static_cast<std::uint32_t>(capacity);
  }
  std::memcpy(const_cast<char*>(old.data()) + old.size(), text.data(), text.size());
  old = {old.data(), size};
}

void TreeBuilder::insert_comment(const Token& token, Node* parent) {
  Place place{parent, nullptr};
  if (parent == nullptr) place = appropriate_place();
  Node* node = new_node(NodeType::kComment, token.offset);
  node->text = token.text;
  insert_before(place.parent, node, place.before);
}

void TreeBuilder::merge_attributes(Node* node, const Token& token) {
  std::vector<Attribute> merged(node->attributes, node->attributes + node->attribute_count);
  for (const Attribute& attribute : token.attributes) {
    if (!node->has(attribute.name) && merged.size() < Tokenizer::kAttributesMax)
      merged.push_back(attribute);
  }
  if (merged.size() == node->attribute_count) return;
  node->attributes = document_.arena.make_array<Attribute>(merged.size());
  node->attribute_count = static_cast<std::uint32_t>(merged.size());
  std::ranges::copy(merged, node->attributes);
}

void TreeBuilder::start_text(const Token& token, TextMode mode) {
  insert_element(token);
  tokenizer_.set_mode(mode, token.name);
  original_mode_ = mode_;
  mode_ = Mode::kText;
}

}  // namespace seine::web::html
