#include "web/extract/text/text_page.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/content/text_measure.h"
#include "web/extract/markdown/block_sink.h"
#include "web/extract/text/csv.h"

namespace seine::web {
namespace {

constexpr std::size_t kBlocksMax = 20'000;
constexpr std::size_t kTextBytesMax = std::size_t{8} << 20;
constexpr std::size_t kTitleMax = 200;

std::string_view cut_text(std::string_view text, Page& page) {
  if (text.size() <= kTextBytesMax) return text;
  page.truncated = true;
  return text.substr(0, base::utf8_prefix(text, kTextBytesMax));
}

// The kind of a Markdown line that begins a block of its own.
struct LineKind {
  BlockKind kind = BlockKind::kParagraph;
  std::uint8_t level = 0;
};

std::optional<LineKind> line_kind(std::string_view line) {
  const std::size_t hashes = line.find_first_not_of('#');
  if (hashes != std::string_view::npos && hashes >= 1 && hashes <= 6 && line[hashes] == ' ')
    return LineKind{BlockKind::kHeading, static_cast<std::uint8_t>(hashes)};
  const std::size_t indent = line.find_first_not_of(' ');
  if (indent == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(indent);
  const std::size_t digits = rest.find_first_not_of("0123456789");
  const bool bullet =
      rest.size() > 1 && std::string_view("-*+").contains(rest[0]) && rest[1] == ' ';
  const bool number = digits != std::string_view::npos && digits >= 1 && digits <= 9 &&
                      rest.size() > digits + 1 && (rest[digits] == '.' || rest[digits] == ')') &&
                      rest[digits + 1] == ' ';
  if (bullet || number)
    return LineKind{BlockKind::kListItem,
                    static_cast<std::uint8_t>(std::min<std::size_t>(indent / 2 + 1, 12))};
  return std::nullopt;
}

// The text of a block of Markdown as it stands, without the marks at its start.
std::string bare_text(const Block& block) {
  std::string_view text = block.markdown;
  if (block.kind == BlockKind::kHeading) text.remove_prefix(block.level);
  if (block.kind == BlockKind::kListItem) {
    text = base::trim(text);
    text.remove_prefix(std::min(text.find(' '), text.size()));
  }
  return std::string(base::trim(text));
}

// Splits at blank lines; in Markdown also at headings, list items and fences.
class Splitter {
 public:
  Splitter(Page& page, bool markdown) : page_(page), markdown_(markdown) {}

  void split(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      if (page_.blocks.size() >= kBlocksMax) {
        page_.truncated = true;
        return;
      }
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::string_view row = text.substr(at, end - at);
      if (row.ends_with('\r')) row.remove_suffix(1);
      line(row, static_cast<std::uint32_t>(at));
      at = end + 1;
    }
    close();
  }

 private:
  void line(std::string_view row, std::uint32_t at) {
    const std::string_view bare = base::trim(row);
    if (!fence_.empty()) {
      append(row, at);
      if (bare.starts_with(fence_) && bare.find_first_not_of(fence_[0]) == std::string_view::npos) {
        fence_.clear();
        close();
      }
      return;
    }
    if (bare.empty()) return close();
    if (!markdown_) return append(row, at);
    if (bare.starts_with("```") || bare.starts_with("~~~")) {
      close();
      kind_ = {BlockKind::kCode, 0};
      fence_ = bare.substr(0, bare.find_first_not_of(bare[0]));
      return append(row, at);
    }
    if (const auto kind = line_kind(row)) {
      close();
      kind_ = *kind;
      append(row, at);
      if (kind->kind == BlockKind::kHeading) close();
      return;
    }
    if (open_.empty() && bare.starts_with('|')) kind_ = {BlockKind::kTable, 0};
    if (open_.empty() && bare.starts_with('>')) kind_ = {BlockKind::kQuote, 0};
    append(row, at);
  }

  void append(std::string_view row, std::uint32_t at) {
    if (open_.empty()) {
      start_ = at;
    } else {
      open_ += '\n';
    }
    open_ += has_invisible(row) ? strip_invisible(row) : std::string(row);
  }

  void close() {
    if (!base::trim(open_).empty()) {
      Block block{
          .kind = kind_.kind, .level = kind_.level, .offset = start_, .markdown = std::move(open_)};
      block.text = bare_text(block);
      page_.blocks.push_back(std::move(block));
    }
    open_.clear();
    kind_ = {};
  }

  Page& page_;
  bool markdown_;
  std::string open_;
  std::uint32_t start_ = 0;
  LineKind kind_;
  std::string fence_;  // the marks that opened the code we are in
};

}  // namespace

Page plain_text_page(std::string_view text) {
  Page page;
  Splitter(page, false).split(cut_text(text, page));
  return page;
}

Page markdown_page(std::string_view text) {
  Page page;
  Splitter(page, true).split(cut_text(text, page));
  const auto heading = std::ranges::find(page.blocks, BlockKind::kHeading, &Block::kind);
  if (heading != page.blocks.end()) page.metadata.title = tidy_line(heading->text, kTitleMax);
  return page;
}

Page csv_page(std::string_view text) {
  Page page;
  const CsvTable values = parse_csv(text, guess_delimiter(text));
  Table table;
  table.rows.reserve(values.rows.size());
  for (const auto& row : values.rows) {
    std::vector<Cell>& cells = table.rows.emplace_back();
    cells.reserve(row.size());
    for (const std::string& field : row) cells.push_back(plain_cell(field));
  }
  BlockSink sink;
  sink.table(table, 0);
  page.truncated = values.truncated || sink.full();
  page.blocks = sink.take();
  return page;
}

Page xml_page(std::string_view text) {
  Page page;
  BlockSink sink;
  sink.code("xml", base::trim(cut_text(text, page).substr(0, kTextBytesMax - 64)), 0);
  page.truncated = page.truncated || sink.full();
  page.blocks = sink.take();
  return page;
}

}  // namespace seine::web
