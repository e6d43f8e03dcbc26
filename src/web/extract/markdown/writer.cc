#include "web/extract/markdown/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "web/extract/content/hints.h"
#include "web/extract/content/text_measure.h"
#include "web/extract/markdown/formula.h"
#include "web/extract/markdown/inline_text.h"
#include "web/extract/markdown/inline_walk.h"
#include "web/extract/markdown/table.h"

namespace seine::web {
namespace {

using html::Node;
using html::Tag;
using html::TagSet;

constexpr TagSet kPreformatted = {Tag::kPre, Tag::kListing, Tag::kXmp, Tag::kPlaintext};
constexpr int kListDepthMax = 12;
constexpr std::size_t kListIndentMax = 24;

int heading_level(const Node* node) {
  if (node->ns != html::Namespace::kHtml || node->tag < Tag::kH1 || node->tag > Tag::kH6) return 0;
  return static_cast<int>(node->tag) - static_cast<int>(Tag::kH1) + 1;
}

std::string language_of(const Node* code) {
  for (const Node* node = code; node != nullptr && node->is_element(); node = node->first_child) {
    for (const std::string_view name : base::split(node->get("class"), ' ')) {
      for (const std::string_view prefix : {"language-", "lang-", "highlight-source-", "brush:"}) {
        if (name.starts_with(prefix) && name.size() > prefix.size())
          return std::string(name.substr(prefix.size()));
      }
    }
    if (node->parent != nullptr && node != code && !node->is_html(Tag::kCode)) break;
  }
  return {};
}

// Paragraphs, headings or lists in it: <pre> for its white space only, around ordinary text.
bool is_laid_out(const Node* pre) {
  constexpr TagSet kOfText = {Tag::kP,  Tag::kUl, Tag::kOl, Tag::kH1, Tag::kH2,
                              Tag::kH3, Tag::kH4, Tag::kH5, Tag::kH6};
  for (const Node* node = pre; node != nullptr; node = html::next_in_tree(node, pre)) {
    if (node->ns == html::Namespace::kHtml && node->is_element() && kOfText.has(node->tag))
      return true;
  }
  return false;
}

class Writer {
 public:
  explicit Writer(const WriterOptions& options) : options_(options), walk_(options, line_) {}

  std::vector<Block> write(const Node* root) {
    const Node* node = root;
    while (node != nullptr && blocks_.size() < options_.blocks_max) {
      if (enter(node)) {
        node = node->first_child;
        continue;
      }
      while (node != root && node->next == nullptr) {
        node = node->parent;
        leave(node);
      }
      node = node == root ? nullptr : node->next;
    }
    flush();
    return std::move(blocks_);
  }

 private:
  struct List {
    bool ordered;
    int next;
    std::size_t indent;  // of its markers: where the text of the item above starts
  };

  // True when the children are to be visited; leave() is called after them.
  bool enter(const Node* node) {
    if (options_.skip && options_.skip(node)) return false;
    if (!node->is_element()) {
      if (node->is_text()) line_.text(node->text, node->offset);
      return node->first_child != nullptr && node->type == html::NodeType::kDocument;
    }
    if (walk_.leaf(node)) return false;
    if (!is_block(node)) {
      walk_.open(node);
      if (node->first_child == nullptr) walk_.close(node);
      return node->first_child != nullptr;
    }
    flush();
    if (kPreformatted.has(node->tag) && !is_laid_out(node)) {
      write_code(node);
      return false;
    }
    if (node->tag == Tag::kTable && is_data_table(node)) {
      write_table(node);
      return false;
    }
    switch (node->tag) {
      case Tag::kUl:
      case Tag::kOl:
      case Tag::kMenu:
      case Tag::kDir: {
        const auto start = base::parse_i64(node->get("start"));
        lists_.push_back(
            {.ordered = node->tag == Tag::kOl,
             .next = static_cast<int>(std::clamp<std::int64_t>(start.value_or(1), 0, 1'000'000)),
             .indent = text_indent()});
        break;
      }
      case Tag::kLi:
        item_pending_ = true;
        break;
      case Tag::kBlockquote:
        ++quotes_;
        break;
      case Tag::kHr:
        if (!blocks_.empty()) add(BlockKind::kRule, 0, node->offset, "---", "");
        break;
      default:
        if (const int level = heading_level(node); level > 0) heading_ = level;
        break;
    }
    if (is_caption(node)) ++captions_;
    if (node->first_child == nullptr) leave(node);
    return node->first_child != nullptr;
  }

  void leave(const Node* node) {
    if (!node->is_element()) return;
    if (!is_block(node)) {
      walk_.close(node);
      return;
    }
    flush();
    if (is_caption(node)) captions_ = std::max(0, captions_ - 1);
    switch (node->tag) {
      case Tag::kUl:
      case Tag::kOl:
      case Tag::kMenu:
      case Tag::kDir:
        if (!lists_.empty()) lists_.pop_back();
        break;
      case Tag::kLi:
        item_pending_ = false;
        break;
      case Tag::kBlockquote:
        quotes_ = std::max(0, quotes_ - 1);
        break;
      default:
        if (heading_level(node) > 0) heading_ = 0;
        break;
    }
  }

  // Where the text of the latest item starts, and with it what is nested in it.
  std::size_t text_indent() const {
    if (lists_.empty()) return 0;
    const List& list = lists_.back();
    const std::size_t marker =
        list.ordered ? fmt::formatted_size("{}. ", std::max(list.next - 1, 0)) : 2;
    return std::min(list.indent + marker, kListIndentMax);
  }

  void flush() {
    if (line_.empty()) {
      line_.reset();
      return;
    }
    const std::uint32_t offset = line_.offset();
    std::string markdown = line_.take_markdown();
    std::string plain = line_.take_plain();
    line_.reset();
    if (base::trim(markdown).empty()) return;
    if (heading_ > 0) {
      std::ranges::replace(markdown, '\n', ' ');
      std::ranges::replace(plain, '\n', ' ');
      return add(BlockKind::kHeading, static_cast<std::uint8_t>(heading_), offset,
                 std::string(static_cast<std::size_t>(heading_), '#') + " " + markdown,
                 std::move(plain));
    }
    // The same words again: a caption of each picture of a series, a summary for phones.
    if (plain.size() >= 60 && !seen_.insert(plain).second) return;
    if (captions_ > 0 && markdown.find('*') == std::string::npos) {
      std::ranges::replace(markdown, '\n', ' ');
      return add(BlockKind::kCaption, 0, offset, "*" + markdown + "*", std::move(plain));
    }
    if (captions_ > 0)
      return add(BlockKind::kCaption, 0, offset, std::move(markdown), std::move(plain));
    if (!lists_.empty()) {
      const auto depth =
          static_cast<std::uint8_t>(std::min<std::size_t>(lists_.size(), kListDepthMax));
      List& list = lists_.back();
      std::string indent(item_pending_ ? list.indent : text_indent(), ' ');
      if (item_pending_) indent += list.ordered ? fmt::format("{}. ", list.next++) : "- ";
      item_pending_ = false;
      guard_line_start(markdown);
      return add(BlockKind::kListItem, depth, offset, indent + markdown, std::move(plain));
    }
    guard_line_start(markdown);
    add(quotes_ > 0 ? BlockKind::kQuote : BlockKind::kParagraph, 0, offset, std::move(markdown),
        std::move(plain));
  }

  void add(BlockKind kind, std::uint8_t level, std::uint32_t offset, std::string markdown,
           std::string text) {
    if (quotes_ > 0) {
      std::string quoted;
      for (const std::string_view line : base::split(markdown, '\n')) {
        for (int i = 0; i < std::min(quotes_, 4); ++i) quoted += "> ";
        quoted += line;
        quoted += '\n';
      }
      quoted.pop_back();
      markdown = std::move(quoted);
    }
    blocks_.push_back({.kind = kind,
                       .level = level,
                       .offset = offset == html::kNoOffset ? 0 : offset,
                       .markdown = std::move(markdown),
                       .text = std::move(text)});
  }

  void write_code(const Node* node) {
    std::string code = preformatted_text(node);
    if (code.starts_with('\n')) code.erase(0, 1);
    while (!code.empty() && (code.back() == '\n' || code.back() == ' ')) code.pop_back();
    if (code.empty()) return;
    std::string fence = "```";
    while (code.find(fence) != std::string::npos) fence += '`';
    add(BlockKind::kCode, 0, node->offset, fence + language_of(node) + "\n" + code + "\n" + fence,
        code);
  }

  std::string preformatted_text(const Node* root) {
    std::string out;
    for (const Node* node = root; node != nullptr;) {
      if (node != root && options_.skip && options_.skip(node)) {
        node = html::next_after_subtree(node, root);
        continue;
      }
      if (node->is_text())
        out += has_invisible(node->text) ? strip_invisible(node->text) : std::string(node->text);
      if (node->is_html(Tag::kBr)) out += '\n';
      // One element a line is how some highlighters write.
      if (node != root && is_block(node) && !out.empty() && out.back() != '\n') out += '\n';
      node = html::next_in_tree(node, root);
    }
    return out;
  }

  void write_table(const Node* node) {
    Table table = read_table(node, options_);
    if (table.rows.empty()) return;
    add(BlockKind::kTable, 0, node->offset, table_markdown(table), table_text(table));
  }

  const WriterOptions& options_;
  InlineText line_;
  InlineWalk walk_;
  std::vector<Block> blocks_;
  std::vector<List> lists_;
  int quotes_ = 0;
  int heading_ = 0;
  int captions_ = 0;
  std::unordered_set<std::string> seen_;
  bool item_pending_ = false;
};

}  // namespace

std::vector<Block> write_blocks(const Node* root, const WriterOptions& options) {
  return Writer(options).write(root);
}

namespace {

// '-', '*', '+', '.' or ')': what tells an item's kind of list; 0 for what stands in an item behind
// its first paragraph.
char marker_of(const Block& item) {
  std::string_view text = item.markdown;
  text.remove_prefix(std::min(text.find_first_not_of(" >"), text.size()));
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(digits);
  if (text.size() < 2 || text[1] != ' ') return 0;
  return std::string_view(digits == 0 ? "-*+" : ".)").contains(text[0]) ? text[0] : '\0';
}

// Without an empty line between. Behind an item of another kind of list or before a second
// paragraph there must be one, or it goes on with the text above.
bool follows_tightly(const Block& above, const Block& block) {
  if (above.kind != BlockKind::kListItem || block.kind != BlockKind::kListItem) return false;
  const char marker = marker_of(block);
  const char marker_above = marker_of(above);
  return marker != 0 && (block.level != above.level || marker_above == 0 || marker == marker_above);
}

}  // namespace

JoinedBlocks join_blocks(const std::vector<Block>& blocks) {
  JoinedBlocks out;
  out.starts.reserve(blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (i > 0) {
      out.markdown += follows_tightly(blocks[i - 1], blocks[i]) ? "\n" : "\n\n";
    }
    out.starts.push_back(out.markdown.size());
    out.markdown += blocks[i].markdown;
  }
  if (!out.markdown.empty()) out.markdown += '\n';
  return out;
}

std::string join_markdown(const std::vector<Block>& blocks) {
  return join_blocks(blocks).markdown;
}

std::string join_text(const std::vector<Block>& blocks) {
  std::string out;
  for (const Block& block : blocks) {
    if (block.text.empty() || block.kind == BlockKind::kCaption) continue;
    out += block.text;
    out += '\n';
  }
  return out;
}

}  // namespace seine::web
