#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "base/text.h"
#include "web/extract/markdown/block_sink.h"
#include "web/extract/office/cell_format.h"
#include "web/extract/office/office_page.h"
#include "web/extract/office/package.h"
#include "web/extract/office/xml_reader.h"

namespace seine::web {
namespace {

using Event = XmlReader::Event;

constexpr std::size_t kSheetsMax = 200;
constexpr std::size_t kSheetRowsMax = 5'000;  // of one sheet
constexpr std::size_t kCellBytesMax = 8'192;
constexpr std::size_t kStringsMax = 2'000'000;
constexpr std::size_t kFormatsMax = 65'536;

struct Book {
  std::vector<std::string> strings;
  std::vector<CellFormat> formats;  // by a cell's style
  DateSystem dates = DateSystem::k1900;
};

int int_of(const XmlReader& xml, std::string_view name, int otherwise) {
  const auto value = base::parse_i64(xml.attribute(name).value_or(""));
  return value && *value >= 0 && *value < 100'000'000 ? static_cast<int>(*value) : otherwise;
}

bool is_true(const XmlReader& xml, std::string_view name) {
  const std::string value = xml.attribute(name).value_or("0");
  return value == "1" || value == "true";
}

// "_x000D_" and the like (ECMA-376 part 1, 22.9.2.19): control characters, which nobody sees.
std::string without_escapes(std::string text) {
  for (std::size_t at = text.find("_x00"); at != std::string::npos; at = text.find("_x00", at)) {
    if (at + 7 <= text.size() && text[at + 6] == '_' && base::from_hex(text.substr(at + 4, 2))) {
      text.erase(at, 7);
    } else {
      at += 4;
    }
  }
  return text;
}

// The text of <si> or <is>, which has just started, without its readings.
std::string rich_text(XmlReader& xml) {
  std::string out;
  const std::size_t depth = xml.depth();
  while (xml.depth() >= depth) {
    const Event event = xml.next();
    if (event == Event::kDone) break;
    if (event != Event::kStart) continue;
    if (xml.local() == "rPh") {
      xml.skip();
    } else if (xml.local() == "t") {
      out += xml.inner_text(kCellBytesMax);
    }
  }
  return without_escapes(std::move(out));
}

std::vector<std::string> read_strings(std::string_view text) {
  std::vector<std::string> strings;
  XmlReader xml(text);
  for (Event event = xml.next(); event != Event::kDone; event = xml.next()) {
    if (event != Event::kStart || xml.local() != "si") continue;
    if (strings.size() >= kStringsMax) break;
    strings.push_back(rich_text(xml));
  }
  return strings;
}

std::vector<CellFormat> read_formats(std::string_view text) {
  std::map<int, CellFormat> own;
  std::vector<CellFormat> formats;
  XmlReader xml(text);
  bool in_cells = false;
  for (Event event = xml.next(); event != Event::kDone; event = xml.next()) {
    const std::string_view local = xml.local();
    if (local == "cellXfs" && event != Event::kText) in_cells = event == Event::kStart;
    if (event != Event::kStart) continue;
    if (local == "numFmt" && own.size() < kFormatsMax) {
      own.try_emplace(int_of(xml, "numFmtId", -1),
                      format_of_code(xml.attribute("formatCode").value_or("")));
    } else if (local == "xf" && in_cells && formats.size() < kFormatsMax) {
      const int id = int_of(xml, "numFmtId", 0);
      const auto found = own.find(id);
      formats.push_back(found == own.end() ? built_in_format(id) : found->second);
    }
  }
  return formats;
}

// 27 of "AB12", counted from 0.
std::optional<std::size_t> column_of(std::string_view reference) {
  std::size_t column = 0;
  std::size_t letters = 0;
  for (const char c : reference) {
    if (c < 'A' || c > 'Z') break;
    if (++letters > 3) return std::nullopt;
    column = column * 26 + static_cast<std::size_t>(c - 'A') + 1;
  }
  return letters == 0 ? std::nullopt : std::optional(column - 1);
}

class SheetReader {
 public:
  SheetReader(const Book& book, std::string_view text) : book_(book), xml_(text) {}

  Table read() {
    for (Event event = xml_.next(); event != Event::kDone; event = xml_.next()) {
      if (event != Event::kStart) continue;
      const std::string_view local = xml_.local();
      if (local == "col") {
        if (is_true(xml_, "hidden"))
          hidden_.emplace_back(int_of(xml_, "min", 0) - 1, int_of(xml_, "max", 0) - 1);
      } else if (local == "row") {
        if (rows_.size() >= kSheetRowsMax) {
          truncated = true;
          break;
        }
        if (is_true(xml_, "hidden")) {
          xml_.skip();
        } else {
          row();
        }
      }
    }
    return table();
  }

  bool truncated = false;

 private:
  void row() {
    std::vector<std::string> cells;
    std::size_t column = 0;
    const std::size_t depth = xml_.depth();
    while (xml_.depth() >= depth) {
      const Event event = xml_.next();
      if (event == Event::kDone) break;
      if (event != Event::kStart || xml_.local() != "c") continue;
      column = column_of(xml_.attribute("r").value_or("")).value_or(column);
      std::string value = cell();
      if (column >= kTableColumnsMax) {
        truncated = truncated || !value.empty();
      } else if (!value.empty() && !is_hidden(column)) {
        if (cells.size() <= column) cells.resize(column + 1);
        cells[column] = std::move(value);
      }
      ++column;
    }
    if (!cells.empty()) rows_.push_back(std::move(cells));
  }

  std::string cell() {
    const std::string type = xml_.attribute("t").value_or("n");
    const auto style = static_cast<std::size_t>(int_of(xml_, "s", 0));
    std::string raw;
    std::string inline_text;
    const std::size_t depth = xml_.depth();
    while (xml_.depth() >= depth) {
      const Event event = xml_.next();
      if (event == Event::kDone) break;
      if (event != Event::kStart) continue;
      if (xml_.local() == "v") {
        raw = xml_.inner_text(kCellBytesMax);
      } else if (xml_.local() == "is") {
        inline_text = rich_text(xml_);
      } else {
        xml_.skip();
      }
    }
    if (type == "inlineStr") return inline_text;
    if (type == "s") {
      const auto index = base::parse_u64(base::trim(raw));
      return index && *index < book_.strings.size() ? book_.strings[*index] : "";
    }
    if (type == "b") return raw.empty() ? "" : raw == "1" ? "TRUE" : "FALSE";
    if (type != "n") return without_escapes(std::move(raw));
    const CellFormat format = style < book_.formats.size() ? book_.formats[style] : CellFormat{};
    return show_number(base::trim(raw), format, book_.dates);
  }

  bool is_hidden(std::size_t column) const {
    return std::ranges::any_of(hidden_, [column](const std::pair<int, int>& range) {
      return static_cast<int>(column) >= range.first && static_cast<int>(column) <= range.second;
    });
  }

  // Columns without a value are left out.
  Table table() const {
    std::size_t width = 0;
    for (const auto& row : rows_) width = std::max(width, row.size());
    std::vector<std::size_t> used;
    for (std::size_t column = 0; column < width; ++column) {
      if (std::ranges::any_of(rows_, [column](const std::vector<std::string>& row) {
            return column < row.size() && !row[column].empty();
          }))
        used.push_back(column);
    }
    Table table;
    for (const auto& row : rows_) {
      std::vector<Cell>& cells = table.rows.emplace_back();
      for (const std::size_t column : used)
        cells.push_back(column < row.size() ? plain_cell(row[column]) : Cell{});
    }
    return table;
  }

  const Book& book_;
  XmlReader xml_;
  std::vector<std::pair<int, int>> hidden_;  // columns, both ends counted
  std::vector<std::vector<std::string>> rows_;
};

struct Sheet {
  std::string name;
  std::string id;
};

std::vector<Sheet> read_sheets(std::string_view text, Book& book) {
  std::vector<Sheet> sheets;
  XmlReader xml(text);
  for (Event event = xml.next(); event != Event::kDone; event = xml.next()) {
    if (event != Event::kStart) continue;
    if (xml.local() == "workbookPr" && is_true(xml, "date1904")) book.dates = DateSystem::k1904;
    if (xml.local() != "sheet" || sheets.size() >= kSheetsMax) continue;
    if (xml.attribute("state").value_or("visible") != "visible") continue;
    sheets.push_back({tidy_line(xml.attribute("name").value_or(""), 200),
                      xml.attribute_named("r:id").value_or("")});
  }
  return sheets;
}

}  // namespace

base::Result<Page> xlsx_page(std::string_view bytes) {
  OfficePackage package = SEINE_TRY(OfficePackage::open(bytes));
  const std::string main = package.main_part("xl/workbook.xml");
  const std::string workbook = SEINE_TRY(package.required_text(main));
  const Relationships parts = package.relationships(main);
  Book book;
  for (const auto& [id, part] : parts) {
    if (part.external) continue;
    if (part.type == "sharedStrings")
      book.strings = read_strings(SEINE_TRY(package.text(part.target)));
    if (part.type == "styles") book.formats = read_formats(SEINE_TRY(package.text(part.target)));
  }
  Page page;
  BlockSink sink;
  for (const Sheet& sheet : read_sheets(workbook, book)) {
    const auto part = parts.find(sheet.id);
    // Sheets of charts and macros hold no cells.
    if (part == parts.end() || part->second.type != "worksheet") continue;
    const std::string text = SEINE_TRY(package.text(part->second.target));
    SheetReader reader(book, text);
    const Table table = reader.read();
    page.truncated = page.truncated || reader.truncated;
    if (table.rows.empty()) continue;
    sink.set_anchor("sheet=" + sheet.name);
    InlineText name = plain_inline(sheet.name);
    sink.heading(2, name);
    sink.table(table, 0);
    if (sink.full()) break;
  }
  page.metadata = package.metadata();
  page.truncated = page.truncated || sink.full();
  page.blocks = sink.take();
  return page;
}

}  // namespace seine::web
