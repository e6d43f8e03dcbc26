#include "web/extract/markdown/table.h"

#include <algorithm>

#include "base/text.h"
#include "web/extract/content/text_measure.h"
#include "web/extract/markdown/inline_walk.h"

namespace seine::web {
namespace {

using html::Node;
using html::Tag;

constexpr std::size_t kColumnsMax = 64;
constexpr std::size_t kRowsMax = 5000;
constexpr std::size_t kSpanMax = 64;

std::size_t span_of(const Node* cell, std::string_view name) {
  const auto value = base::parse_u64(base::trim(cell->get(name)));
  return std::clamp<std::size_t>(value.value_or(1), 1, kSpanMax);
}

// The rows of this table, not of tables inside it.
std::vector<const Node*> rows_of(const Node* table) {
  std::vector<const Node*> rows;
  for (const Node* part = table->first_child; part != nullptr; part = part->next) {
    if (part->is_html(Tag::kTr)) rows.push_back(part);
    if (part->is_html(Tag::kTbody) || part->is_html(Tag::kThead) || part->is_html(Tag::kTfoot)) {
      for (const Node* row = part->first_child; row != nullptr; row = row->next) {
        if (row->is_html(Tag::kTr)) rows.push_back(row);
      }
    }
  }
  return rows;
}

bool is_cell(const Node* node) {
  return node->is_html(Tag::kTd) || node->is_html(Tag::kTh);
}

}  // namespace

bool is_data_table(const Node* table) {
  const std::string_view role = table->get("role");
  if (role == "presentation" || role == "none") return false;
  std::size_t headers = 0;
  std::size_t cells = 0;
  std::size_t columns = 0;
  std::size_t longest = 0;
  std::size_t blocks = 0;
  const std::vector<const Node*> rows = rows_of(table);
  for (const Node* row : rows) {
    std::size_t in_row = 0;
    for (const Node* cell = row->first_child; cell != nullptr; cell = cell->next) {
      if (!is_cell(cell)) continue;
      ++cells;
      ++in_row;
      if (cell->tag == Tag::kTh) ++headers;
      std::size_t text = 0;
      for (const Node* node = cell; node != nullptr; node = html::next_in_tree(node, cell)) {
        if (node->is_text()) text += node->text.size();
        if (node->is_html(Tag::kTable) && node != cell)
          return false;  // tables inside tables lay out
        if (node->is_html(Tag::kP) || node->is_html(Tag::kUl) || node->is_html(Tag::kH2) ||
            node->is_html(Tag::kH3))
          ++blocks;
      }
      longest = std::max(longest, text);
    }
    columns = std::max(columns, in_row);
  }
  if (rows.size() < 2 || columns < 2) return headers > 0 && cells >= 2;
  if (headers > 0) return true;
  // Long prose or many paragraphs in cells: columns of a page.
  return longest < 1500 && blocks <= cells * 2;
}

Table read_table(const Node* node, const WriterOptions& options) {
  Table table;
  for (const Node* child = node->first_child; child != nullptr; child = child->next) {
    if (!child->is_html(Tag::kCaption) || (options.skip && options.skip(child))) continue;
    InlineText line;
    write_inline(child, options, line);
    table.caption = line.take_plain();
  }
  std::vector<std::size_t> occupied;  // rows that a cell above still spans, by column
  for (const Node* row : rows_of(node)) {
    if (table.rows.size() >= kRowsMax) break;
    if (options.skip && options.skip(row)) continue;
    std::vector<Cell> cells;
    const auto skip_occupied = [&] {
      while (cells.size() < occupied.size() && occupied[cells.size()] > 0 &&
             cells.size() < kColumnsMax) {
        --occupied[cells.size()];
        cells.emplace_back();
      }
    };
    bool any = false;
    for (const Node* cell = row->first_child; cell != nullptr; cell = cell->next) {
      if (!is_cell(cell) || (options.skip && options.skip(cell))) continue;
      skip_occupied();
      if (cells.size() >= kColumnsMax) break;
      InlineText line;
      write_inline(cell, options, line);
      Cell out;
      out.markdown = line.take_markdown();
      out.text = line.take_plain();
      out.header = cell->tag == Tag::kTh;
      any = any || !out.text.empty();
      const std::size_t down = span_of(cell, "rowspan");
      const std::size_t across = span_of(cell, "colspan");
      for (std::size_t i = 0; i < across && cells.size() < kColumnsMax; ++i) {
        if (occupied.size() <= cells.size()) occupied.resize(cells.size() + 1, 0);
        occupied[cells.size()] = down - 1;
        cells.push_back(i == 0 ? out : Cell{});
      }
    }
    skip_occupied();
    if (any) table.rows.push_back(std::move(cells));
  }
  std::size_t width = 0;
  for (const auto& row : table.rows) width = std::max(width, row.size());
  for (auto& row : table.rows) row.resize(width);
  return table;
}

std::string table_markdown(const Table& table) {
  std::string out;
  if (!table.caption.empty()) out += table.caption + "\n\n";
  const auto write_row = [&](const std::vector<Cell>& row) {
    out += "|";
    for (const Cell& cell : row) {
      out += " ";
      for (const char c : cell.markdown) {
        if (c == '|') {
          out += "\\|";
        } else if (c == '\n') {
          out += "<br>";
        } else {
          out.push_back(c);
        }
      }
      out += " |";
    }
    out += "\n";
  };
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    write_row(table.rows[i]);
    if (i == 0) {
      out += "|";
      for (std::size_t column = 0; column < table.rows[0].size(); ++column) out += " --- |";
      out += "\n";
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

std::string table_text(const Table& table) {
  std::string out = table.caption;
  if (!out.empty()) out += '\n';
  for (const auto& row : table.rows) {
    bool first = true;
    for (const Cell& cell : row) {
      if (!first) out += '\t';
      first = false;
      out += cell.text;
    }
    out += '\n';
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

}  // namespace seine::web
