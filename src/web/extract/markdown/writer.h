// A tree to Markdown blocks: paragraphs, headings, lists, quotes, code, tables, formulas, rules.
// Each block carries the same content as plain text and the byte of the source at which it starts.
// Walks without recursion. Pure over the tree, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "web/extract/html/dom.h"
#include "web/url/url.h"

namespace seine::web {

enum class BlockKind : std::uint8_t {
  kParagraph,
  kHeading,
  kListItem,
  kQuote,
  kCode,
  kTable,
  kFormula,
  kRule,
  kCaption,
};

struct Block {
  BlockKind kind = BlockKind::kParagraph;
  std::uint8_t level = 0;    // of a heading (1-6); depth of a list item (1 is outermost)
  std::uint32_t offset = 0;  // byte in the snapshot where its text starts
  std::string markdown = {};
  std::string text = {};
  // Where a viewer of the file finds it, as the fragment of its address: "page=3" of a PDF,
  // "slide=3", "sheet=Sales". Empty where the format has no such places.
  std::string anchor = {};
};

struct WriterOptions {
  const Url* base = nullptr;  // links and images become absolute; nullptr leaves them as they are
  bool links = true;
  bool images = true;
  // Leaves a node and what is below it out.
  std::function<bool(const html::Node*)> skip = nullptr;
  std::size_t blocks_max = 20'000;
};

std::vector<Block> write_blocks(const html::Node* root, const WriterOptions& options);

struct JoinedBlocks {
  std::string markdown = {};
  std::vector<std::size_t> starts;  // of each block's Markdown in it
};
JoinedBlocks join_blocks(const std::vector<Block>& blocks);
std::string join_markdown(const std::vector<Block>& blocks);
// One block a line; what stands under pictures is not part of the running text.
std::string join_text(const std::vector<Block>& blocks);

}  // namespace seine::web
