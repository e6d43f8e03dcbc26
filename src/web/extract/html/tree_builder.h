// Tree construction (HTML Standard, section 13.2.6): takes tokens, grows the tree. The insertion
// modes live in tree_modes_*.cc, the stack's algorithms in tree_stack.cc, formatting elements in
// tree_formatting.cc, SVG and MathML in tree_foreign.cc. Used by parse() only; one thread.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "web/extract/html/dom.h"
#include "web/extract/html/parser.h"
#include "web/extract/html/tokenizer.h"

namespace seine::web::html {

enum class Mode : std::uint8_t {
  kInitial,
  kBeforeHtml,
  kBeforeHead,
  kInHead,
  kInHeadNoscript,
  kAfterHead,
  kInBody,
  kText,
  kInTable,
  kInTableText,
  kInCaption,
  kInColumnGroup,
  kInTableBody,
  kInRow,
  kInCell,
  kInTemplate,
  kAfterBody,
  kInFrameset,
  kAfterFrameset,
  kAfterAfterBody,
  kAfterAfterFrameset,
};

class TreeBuilder {
 public:
  TreeBuilder(Document& document, const ParseLimits& limits);
  void run();
  void run_fragment(std::string_view context_name, Namespace context_namespace);

 private:
  struct Place {
    Node* parent;
    Node* before;  // nullptr: at the end of parent
  };
  enum class Scope : std::uint8_t { kDefault, kListItem, kButton, kTable };

  // tree_builder.cc: dispatch and insertion
  void loop();
  void dispatch(Token& token);
  void process(Mode mode, Token& token);
  void process_text_runs(Token& token);
  bool uses_foreign_rules(const Token& token) const;
  Node* current() const { return stack_.back(); }
  Node* adjusted_current() const;
  Node* new_node(NodeType type, std::uint32_t offset);
  Node* create_element(const Token& token, Namespace ns);
  Node* insert_element(const Token& token) { return insert_foreign(token, Namespace::kHtml); }
  Node* insert_foreign(const Token& token, Namespace ns);
  void insert_void(const Token& token);  // inserted and popped at once
  Node* insert_implied(Tag tag);         // an element that the source does not write
  void insert_text(std::string_view text, std::uint32_t offset);
  void insert_comment(const Token& token, Node* parent = nullptr);
  Place appropriate_place(Node* target = nullptr) const;
  void merge_attributes(Node* node, const Token& token);
  void start_text(const Token& token, TextMode mode);  // RCDATA, RAWTEXT, script
  bool is_space_run(const Token& token) const {
    return token.type == TokenType::kText && space_run_;
  }
  void stop() { stopped_ = true; }

  // tree_stack.cc
  void push(Node* node);
  void pop();
  void pop_until(Tag tag);                 // the element too
  void pop_until_any(const TagSet& tags);  // the element too
  void pop_until_node(const Node* node);
  void remove_from_stack(const Node* node);
  bool in_stack(const Node* node) const;
  bool has_open(Tag tag) const { return open_[static_cast<std::size_t>(tag)] != 0; }
  bool in_scope(Tag tag, Scope scope = Scope::kDefault) const;
  bool any_in_scope(const TagSet& tags, Scope scope = Scope::kDefault) const;
  bool node_in_scope(const Node* node) const;
  void generate_implied_end_tags(Tag except = Tag::kUnknown);
  void generate_implied_end_tags_thoroughly();
  void close_p();
  void close_p_in_button_scope() {
    if (in_scope(Tag::kP, Scope::kButton)) close_p();
  }
  void clear_to(const TagSet& tags);
  void reset_insertion_mode();

  // tree_formatting.cc
  void push_formatting(Node* node);
  void push_marker() { formatting_.push_back(nullptr); }
  void clear_to_marker();
  void reconstruct_formatting();
  void remove_from_formatting(const Node* node);
  Node* formatting_after_marker(Tag tag) const;
  Node* clone_element(const Node* node);
  void adopt(Tag tag, const Token& token);  // the adoption agency algorithm

  // tree_modes_head.cc
  void initial(Token& token);
  void before_html(Token& token);
  void before_head(Token& token);
  void in_head(Token& token);
  void in_head_noscript(Token& token);
  void after_head(Token& token);

  // tree_modes_body.cc
  void in_body(Token& token);
  void in_body_start(Token& token);
  void in_body_end(Token& token);
  void start_list_item(const Token& token);
  void any_other_end_tag(const Token& token);
  bool end_body_allowed() const { return in_scope(Tag::kBody); }
  void text(Token& token);

  // tree_modes_table.cc
  void in_table(Token& token);
  void in_table_text(Token& token);
  void in_caption(Token& token);
  void in_column_group(Token& token);
  void in_table_body(Token& token);
  void in_row(Token& token);
  void in_cell(Token& token);
  void close_cell();
  void foster_in_body(Token& token);

  // tree_modes_other.cc
  void in_template(Token& token);
  void after_body(Token& token);
  void in_frameset(Token& token);
  void after_frameset(Token& token);
  void after_after_body(Token& token);
  void after_after_frameset(Token& token);

  // tree_foreign.cc
  void in_foreign(Token& token);

  Document& document_;
  const ParseLimits& limits_;
  Tokenizer tokenizer_;
  Mode mode_ = Mode::kInitial;
  Mode original_mode_ = Mode::kInitial;
  std::vector<Mode> template_modes_;
  std::vector<Node*> stack_;
  std::array<std::uint32_t, kTagCount> open_{};  // HTML elements on the stack, by tag
  std::vector<Node*> formatting_;                // nullptr: marker
  struct PendingText {
    std::string_view text;
    std::uint32_t offset;
  };
  std::vector<PendingText> pending_table_text_;
  bool pending_has_other_than_space_ = false;
  Node* head_ = nullptr;
  Node* form_ = nullptr;
  Node* context_ = nullptr;  // fragment case
  std::size_t nodes_ = 0;
  bool frameset_ok_ = true;
  bool foster_parenting_ = false;
  bool skip_line_feed_ = false;
  bool space_run_ = false;  // the text token being processed is all white space
  bool stopped_ = false;
};

bool is_special(const Node* node);
inline constexpr TagSet kHeadings = {Tag::kH1, Tag::kH2, Tag::kH3, Tag::kH4, Tag::kH5, Tag::kH6};
// Elements that are the head's wherever they stand.
inline constexpr TagSet kHeadOnes = {Tag::kBase,     Tag::kBasefont, Tag::kBgsound, Tag::kLink,
                                     Tag::kMeta,     Tag::kNoframes, Tag::kScript,  Tag::kStyle,
                                     Tag::kTemplate, Tag::kTitle};
bool is_mathml_text_point(const Node* node);
bool is_html_integration_point(const Node* node);
bool is_space(char c);
bool all_space(std::string_view text);

}  // namespace seine::web::html
