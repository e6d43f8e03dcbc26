#include "web/extract/markdown/block_sink.h"

#include <algorithm>

#include "base/text.h"

namespace seine::web {
namespace {

constexpr std::size_t kRowsAPiece = 100;
constexpr int kDepthMax = 12;

// "a\nb" as one line of Markdown.
void on_one_line(std::string& text) {
  std::ranges::replace(text, '\n', ' ');
}

}  // namespace

void BlockSink::add(Block block) {
  if (base::trim(block.markdown).empty()) return;
  if (blocks_.size() >= blocks_max_ || bytes_ + block.markdown.size() > bytes_max_) {
    truncated_ = true;
    return;
  }
  bytes_ += block.markdown.size();
  block.anchor = anchor_;
  blocks_.push_back(std::move(block));
}

void BlockSink::heading(int level, InlineText& line) {
  Block block{.kind = BlockKind::kHeading,
              .level = static_cast<std::uint8_t>(std::clamp(level, 1, 6)),
              .offset = line.offset()};
  std::string markdown = line.take_markdown();
  block.text = line.take_plain();
  line = {};
  on_one_line(markdown);
  on_one_line(block.text);
  if (base::trim(block.text).empty()) return;
  block.markdown = std::string(block.level, '#') + " " + markdown;
  add(std::move(block));
}

void BlockSink::paragraph(InlineText& line) {
  Block block{.offset = line.offset()};
  block.markdown = line.take_markdown();
  block.text = line.take_plain();
  line = {};
  guard_line_start(block.markdown);
  add(std::move(block));
}

void BlockSink::quote(InlineText& line) {
  Block block{.kind = BlockKind::kQuote, .offset = line.offset()};
  std::string markdown = line.take_markdown();
  block.text = line.take_plain();
  line = {};
  guard_line_start(markdown);
  if (base::trim(block.text).empty()) return;
  for (const std::string_view part : base::split(markdown, '\n')) {
    if (!block.markdown.empty()) block.markdown += '\n';
    block.markdown += "> ";
    block.markdown += part;
  }
  add(std::move(block));
}

void BlockSink::list_item(int depth, std::string_view marker, InlineText& line) {
  Block block{.kind = BlockKind::kListItem,
              .level = static_cast<std::uint8_t>(std::clamp(depth, 1, kDepthMax)),
              .offset = line.offset()};
  std::string markdown = line.take_markdown();
  block.text = line.take_plain();
  line = {};
  on_one_line(markdown);
  if (base::trim(block.text).empty()) return;
  block.markdown = std::string(std::size_t{block.level} * 2 - 2, ' ');
  block.markdown += marker;
  block.markdown += ' ';
  block.markdown += markdown;
  add(std::move(block));
}

void BlockSink::code(std::string_view language, std::string_view text, std::uint32_t offset) {
  std::string fence = "```";
  while (text.contains(fence)) fence += '`';
  Block block{.kind = BlockKind::kCode, .offset = offset};
  block.markdown = fence + std::string(language) + "\n";
  block.markdown += text;
  if (!text.ends_with('\n')) block.markdown += '\n';
  block.markdown += fence;
  block.text = text;
  add(std::move(block));
}

void BlockSink::table(const Table& table, std::uint32_t offset) {
  if (table.rows.empty()) return;
  for (std::size_t from = 1; from == 1 || from < table.rows.size(); from += kRowsAPiece) {
    Table piece;
    piece.rows.push_back(table.rows.front());
    const std::size_t to = std::min(from + kRowsAPiece, table.rows.size());
    for (std::size_t row = from; row < to; ++row) piece.rows.push_back(table.rows[row]);
    Block block{.kind = BlockKind::kTable, .offset = offset};
    block.markdown = table_markdown(piece);
    block.text = table_text(piece);
    add(std::move(block));
    if (truncated_) return;
  }
}

InlineText plain_inline(std::string_view text, std::uint32_t offset) {
  InlineText line;
  std::size_t at = 0;
  for (const std::string_view part : base::split(text, '\n')) {
    line.text(part, offset + static_cast<std::uint32_t>(at));
    line.line_break();
    at += part.size() + 1;
  }
  return line;
}

Cell plain_cell(std::string_view text) {
  InlineText line = plain_inline(text);
  Cell cell;
  cell.markdown = line.take_markdown();
  cell.text = line.take_plain();
  return cell;
}

}  // namespace seine::web
