// Tables: telling those that hold data from those that lay a page out, reading their cells with
// spans, writing them as Markdown. Internal to markdown/.
#pragma once

#include <string>
#include <vector>

#include "web/extract/html/dom.h"
#include "web/extract/markdown/writer.h"

namespace seine::web {

struct Cell {
  std::string markdown;
  std::string text;
  bool header = false;
};

struct Table {
  std::vector<std::vector<Cell>> rows;  // spans filled with empty cells: every row is as wide
  std::string caption;
};

bool is_data_table(const html::Node* table);
Table read_table(const html::Node* table, const WriterOptions& options);
std::string table_markdown(const Table& table);
std::string table_text(const Table& table);  // cells parted by tabs, rows by newlines

}  // namespace seine::web
