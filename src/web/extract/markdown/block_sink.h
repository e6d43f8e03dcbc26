// BlockSink: collects the Markdown blocks of formats that are no HTML tree, with the same escapes
// and list forms as the writer of pages. Bounded in blocks and bytes: past that it keeps nothing
// and says so. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "web/extract/markdown/inline_text.h"
#include "web/extract/markdown/table.h"
#include "web/extract/markdown/writer.h"

namespace seine::web {

class BlockSink {
 public:
  explicit BlockSink(std::size_t blocks_max = 20'000, std::size_t bytes_max = std::size_t{8} << 20)
      : blocks_max_(blocks_max), bytes_max_(bytes_max) {}

  // Each takes what `line` holds and leaves it empty; a line without text adds nothing.
  void heading(int level, InlineText& line);
  void paragraph(InlineText& line);
  void quote(InlineText& line);
  // `marker`: "-" or "3."; depth 1 is outermost.
  void list_item(int depth, std::string_view marker, InlineText& line);
  void code(std::string_view language, std::string_view text, std::uint32_t offset);
  // In pieces of 100 rows that repeat the first one, so that each can be read alone.
  void table(const Table& table, std::uint32_t offset);
  void add(Block block);

  // Of the blocks that follow.
  void set_anchor(std::string anchor) { anchor_ = std::move(anchor); }

  bool full() const { return truncated_; }
  std::vector<Block> take() { return std::move(blocks_); }

 private:
  std::size_t blocks_max_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::vector<Block> blocks_;
  std::string anchor_;
  bool truncated_ = false;
};

// One piece of text as inline Markdown: its line ends kept, everything else escaped.
InlineText plain_inline(std::string_view text, std::uint32_t offset = 0);
Cell plain_cell(std::string_view text);

}  // namespace seine::web
