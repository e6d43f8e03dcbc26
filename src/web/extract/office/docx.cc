#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/text.h"
#include "web/extract/markdown/block_sink.h"
#include "web/extract/office/office_page.h"
#include "web/extract/office/package.h"
#include "web/extract/office/run_text.h"

namespace seine::web {
namespace {

using Event = XmlReader::Event;

constexpr std::size_t kDocumentTextMax = std::size_t{1} << 20;  // of one <w:t>
constexpr std::size_t kDocumentRowsMax = 5'000;
constexpr int kListLevels = 9;
constexpr int kBasedOnMax = 16;

int number_of(const XmlReader& xml, int otherwise) {
  const auto value = base::parse_i64(xml.attribute("val").value_or(""));
  return value && *value >= -1 && *value < 1'000'000 ? static_cast<int>(*value) : otherwise;
}

// What a paragraph says of itself, or its style says for it.
struct ParagraphShape {
  std::string style = {};
  std::optional<int> outline = {};  // 0 is the topmost; 9 is text
  std::optional<int> list = {};     // number of the list; 0 is none
  std::optional<int> list_level = {};
};

struct Style {
  std::string name;  // lower case
  std::string based_on;
  ParagraphShape shape;
  bool hidden = false;
};

// Reads <w:pPr> or <w:rPr>, which has just started, and consumes it.
void read_paragraph_properties(XmlReader& xml, ParagraphShape& shape) {
  const std::size_t depth = xml.depth();
  while (xml.depth() >= depth) {
    const Event event = xml.next();
    if (event == Event::kDone) return;
    if (event != Event::kStart) continue;
    const std::string_view local = xml.local();
    if (local == "pStyle") shape.style = xml.attribute("val").value_or("");
    if (local == "outlineLvl") shape.outline = number_of(xml, 9);
    if (local == "numId") shape.list = number_of(xml, 0);
    if (local == "ilvl") shape.list_level = std::clamp(number_of(xml, 0), 0, kListLevels - 1);
    // Of the paragraph's mark and of an older state.
    if (local == "rPr" || local == "pPrChange") xml.skip();
  }
}

struct RunShape {
  bool bold = false;
  bool italic = false;
  bool hidden = false;
};

RunShape read_run_properties(XmlReader& xml) {
  RunShape shape;
  const std::size_t depth = xml.depth();
  while (xml.depth() >= depth) {
    const Event event = xml.next();
    if (event == Event::kDone) break;
    if (event != Event::kStart) continue;
    const std::string_view local = xml.local();
    if (local == "b") shape.bold = is_on(xml);
    if (local == "i") shape.italic = is_on(xml);
    if (local == "vanish" || local == "webHidden") shape.hidden = is_on(xml);
    if (local == "rPrChange") xml.skip();
  }
  return shape;
}

class Styles {
 public:
  explicit Styles(std::string_view text) {
    XmlReader xml(text);
    for (Event event = xml.next(); event != Event::kDone; event = xml.next()) {
      if (event != Event::kStart || xml.local() != "style") continue;
      read_style(xml);
    }
  }

  // The nearest style up the chain that `has` it.
  template <typename Has>
  const Style* find(const std::string& id, Has has) const {
    std::string_view at = id;
    for (int step = 0; step < kBasedOnMax; ++step) {
      const auto found = styles_.find(at);
      if (found == styles_.end()) return nullptr;
      if (has(found->second)) return &found->second;
      at = found->second.based_on;
    }
    return nullptr;
  }

  std::string_view name(const std::string& id) const {
    const auto found = styles_.find(id);
    return found == styles_.end() ? std::string_view() : found->second.name;
  }

 private:
  void read_style(XmlReader& xml) {
    const std::string id = xml.attribute("styleId").value_or("");
    Style style;
    const std::size_t depth = xml.depth();
    while (xml.depth() >= depth) {
      const Event event = xml.next();
      if (event == Event::kDone) break;
      if (event != Event::kStart) continue;
      const std::string_view local = xml.local();
      if (local == "name") style.name = base::ascii_lower(xml.attribute("val").value_or(""));
      if (local == "basedOn") style.based_on = xml.attribute("val").value_or("");
      if (local == "pPr") {
        read_paragraph_properties(xml, style.shape);
      } else if (local == "rPr") {
        style.hidden = read_run_properties(xml).hidden;
      }
    }
    // "heading 3" is one in every language's Word, with an outline level or without.
    if (style.name.starts_with("heading ") && style.name.size() == 9 && style.name[8] >= '1' &&
        style.name[8] <= '9')
      style.shape.outline = style.name[8] - '1';
    if (style.name == "title") style.shape.outline = 0;
    styles_.try_emplace(id, std::move(style));
  }

  std::map<std::string, Style, std::less<>> styles_;
};

class Numbering {
 public:
  explicit Numbering(std::string_view text) {
    XmlReader xml(text);
    std::string abstract;
    int level = 0;
    std::optional<int> list;
    for (Event event = xml.next(); event != Event::kDone; event = xml.next()) {
      if (event != Event::kStart) continue;
      const std::string_view local = xml.local();
      if (local == "abstractNum") {
        abstract = xml.attribute("abstractNumId").value_or("");
        list.reset();
      } else if (local == "num") {
        const auto id = base::parse_i64(xml.attribute("numId").value_or(""));
        list =
            id && *id >= 0 && *id < 1'000'000 ? std::optional(static_cast<int>(*id)) : std::nullopt;
      } else if (local == "abstractNumId" && list) {
        abstract_of_.try_emplace(*list, xml.attribute("val").value_or(""));
      } else if (local == "lvl") {
        const auto at = base::parse_i64(xml.attribute("ilvl").value_or(""));
        level = at && *at >= 0 && *at < kListLevels ? static_cast<int>(*at) : 0;
      } else if (local == "numFmt" && !list && abstract.size() < 16) {
        bullets_[abstract][static_cast<std::size_t>(level)] =
            xml.attribute("val").value_or("bullet") == "bullet";
      }
    }
  }

  // "-" or "4." for the next item of a list.
  std::string next_marker(int list, int level) {
    std::array<int, kListLevels>& counts = counts_[list];
    const auto at = static_cast<std::size_t>(level);
    std::fill(counts.begin() + level + 1, counts.end(), 0);
    const int count = ++counts[at];
    const auto abstract = abstract_of_.find(list);
    const auto known =
        abstract == abstract_of_.end() ? bullets_.end() : bullets_.find(abstract->second);
    if (known == bullets_.end() || known->second[at]) return "-";
    return fmt::format("{}.", count);
  }

 private:
  std::map<int, std::string> abstract_of_;
  std::map<std::string, std::array<bool, kListLevels>> bullets_;
  std::map<int, std::array<int, kListLevels>> counts_;
};

class DocxReader {
 public:
  DocxReader(const Styles& styles, Numbering& numbering, BlockSink& sink)
      : styles_(styles), numbering_(numbering), sink_(sink) {}

  // A part with paragraphs and tables. `note`: the element that a foot- or endnote is, and its
  // mark.
  void read(std::string_view text, const Relationships& links, std::string_view note = {},
            std::string_view note_mark = {}) {
    XmlReader xml(text);
    links_ = &links;
    note_ = note;
    note_mark_ = note_mark;
    for (Event event = xml.next(); event != Event::kDone && !sink_.full(); event = xml.next()) {
      if (event == Event::kStart) {
        start(xml);
      } else if (event == Event::kEnd) {
        end(xml.local());
      }
    }
  }

 private:
  struct Paragraph {
    ParagraphShape shape;
    RunText text;
    std::string link;
    RunShape run;
  };

  void start(XmlReader& xml) {
    const std::string local(xml.local());
    if (local == "p") {
      // A text box is a paragraph inside of a run of another.
      if (open_.size() < 16) open_.emplace_back();
      if (!pending_note_.empty() && !open_.empty()) {
        open_.back().text.mark(pending_note_, "");
        pending_note_.clear();
      }
      return;
    }
    if (!note_.empty() && local == note_) {
      const std::string id = xml.attribute("id").value_or("");
      const std::string type = xml.attribute("type").value_or("");
      if (type == "separator" || type == "continuationSeparator" || type == "continuationNotice")
        return xml.skip();
      pending_note_ = fmt::format("[^{}{}]: ", note_mark_, id);
      return;
    }
    // Deleted or moved away; the second form of what stands already; properties of controls.
    if (local == "del" || local == "moveFrom" || local == "Fallback" || local == "sdtPr" ||
        local == "instrText" || local == "delText")
      return xml.skip();
    if (local == "tbl") {
      if (++tables_ == 1) table_ = {};
      return;
    }
    if (tables_ == 1 && local == "tr") {
      row_.clear();
      return;
    }
    if (tables_ == 1 && local == "tc") {
      cell_ = {};
      span_ = 1;
      return;
    }
    if (tables_ == 1 && local == "gridSpan") {
      span_ = static_cast<std::size_t>(std::clamp(number_of(xml, 1), 1, 64));
      return;
    }
    if (!open_.empty()) in_paragraph(xml, local);
  }

  void in_paragraph(XmlReader& xml, std::string_view local) {
    Paragraph& paragraph = open_.back();
    if (local == "pPr") {
      read_paragraph_properties(xml, paragraph.shape);
    } else if (local == "r") {
      paragraph.run = {};
    } else if (local == "rPr") {
      paragraph.run = read_run_properties(xml);
    } else if (local == "hyperlink") {
      const auto found = links_->find(xml.attribute_named("r:id").value_or(""));
      if (found != links_->end() && found->second.external)
        paragraph.link = safe_link(found->second.target);
    } else if (local == "t") {
      const std::string text = xml.inner_text(kDocumentTextMax);
      if (!paragraph.run.hidden)
        paragraph.text.add(text, {paragraph.run.bold, paragraph.run.italic, paragraph.link});
    } else if (local == "tab") {
      paragraph.text.add(" ", {});
    } else if (local == "br" || local == "cr") {
      paragraph.text.line_break();
    } else if (local == "noBreakHyphen") {
      paragraph.text.add("-", {paragraph.run.bold, paragraph.run.italic, paragraph.link});
    } else if (local == "footnoteReference" || local == "endnoteReference") {
      const std::string id = xml.attribute("id").value_or("");
      if (id.size() < 8 && base::parse_u64(id))
        paragraph.text.mark(fmt::format("[^{}{}]", local[0] == 'e' ? "e" : "", id), "");
    }
  }

  void end(std::string_view local) {
    if (local == "p" && !open_.empty()) {
      Paragraph done = std::move(open_.back());
      open_.pop_back();
      finish(done);
    } else if (local == "hyperlink" && !open_.empty()) {
      open_.back().link.clear();
    } else if (local == "tc" && tables_ == 1) {
      Cell cell;
      cell.markdown = cell_.take_markdown();
      cell.text = cell_.take_plain();
      if (row_.size() < kTableColumnsMax) row_.push_back(std::move(cell));
      for (std::size_t i = 1; i < span_ && row_.size() < kTableColumnsMax; ++i) row_.emplace_back();
    } else if (local == "tr" && tables_ == 1) {
      const bool any =
          std::ranges::any_of(row_, [](const Cell& cell) { return !cell.text.empty(); });
      if (any && table_.rows.size() < kDocumentRowsMax) table_.rows.push_back(std::move(row_));
      row_.clear();
    } else if (local == "tbl" && tables_ > 0 && --tables_ == 0) {
      finish_table();
    }
  }

  void finish(Paragraph& paragraph) {
    if (tables_ > 0) {
      cell_.line_break();
      paragraph.text.append_to(cell_, Emphasis::kKeep);
      return;
    }
    const std::string& style = paragraph.shape.style;
    const std::string_view name = styles_.name(style);
    // A table of contents repeats the headings.
    if (name.starts_with("toc ")) return;
    if (styles_.find(style, [](const Style& one) { return one.hidden; }) != nullptr) return;
    const ParagraphShape shape = full_shape(paragraph.shape);
    if (shape.outline && *shape.outline >= 0 && *shape.outline < 9) {
      InlineText line = paragraph.text.take(Emphasis::kDrop);
      return sink_.heading(*shape.outline + 1, line);
    }
    InlineText line = paragraph.text.take(Emphasis::kKeep);
    if (shape.list && *shape.list > 0 && !line.empty()) {
      const int level = shape.list_level.value_or(0);
      return sink_.list_item(level + 1, numbering_.next_marker(*shape.list, level), line);
    }
    if (name == "quote" || name == "intense quote") return sink_.quote(line);
    sink_.paragraph(line);
  }

  ParagraphShape full_shape(const ParagraphShape& own) const {
    ParagraphShape shape = own;
    if (!shape.outline) {
      const Style* style =
          styles_.find(own.style, [](const Style& one) { return one.shape.outline.has_value(); });
      if (style != nullptr) shape.outline = style->shape.outline;
    }
    if (!shape.list) {
      const Style* style =
          styles_.find(own.style, [](const Style& one) { return one.shape.list.has_value(); });
      if (style != nullptr) {
        shape.list = style->shape.list;
        if (!shape.list_level) shape.list_level = style->shape.list_level;
      }
    }
    return shape;
  }

  void finish_table() {
    std::size_t width = 0;
    for (const auto& row : table_.rows) width = std::max(width, row.size());
    for (auto& row : table_.rows) row.resize(width);
    if (width > 1) return sink_.table(table_, 0);
    // A box around text, not a table.
    for (auto& row : table_.rows) {
      guard_line_start(row.front().markdown);
      sink_.add({.markdown = std::move(row.front().markdown), .text = std::move(row.front().text)});
    }
  }

  const Styles& styles_;
  Numbering& numbering_;
  BlockSink& sink_;
  const Relationships* links_ = nullptr;
  std::string_view note_;
  std::string_view note_mark_;
  std::string pending_note_;
  std::vector<Paragraph> open_;
  int tables_ = 0;  // that we are inside of
  Table table_;
  std::vector<Cell> row_;
  InlineText cell_;
  std::size_t span_ = 1;
};

}  // namespace

base::Result<Page> docx_page(std::string_view bytes) {
  OfficePackage package = SEINE_TRY(OfficePackage::open(bytes));
  const std::string main = package.main_part("word/document.xml");
  const std::string document = SEINE_TRY(package.required_text(main));
  const Relationships links = package.relationships(main);
  const auto related = [&](std::string_view type) -> base::Result<std::string> {
    for (const auto& [id, one] : links) {
      if (one.type == type && !one.external) return package.text(one.target);
    }
    return std::string();
  };
  const Styles styles(SEINE_TRY(related("styles")));
  Numbering numbering(SEINE_TRY(related("numbering")));
  BlockSink sink;
  DocxReader reader(styles, numbering, sink);
  reader.read(document, links);
  for (const auto& [type, element] :
       {std::pair("footnotes", "footnote"), std::pair("endnotes", "endnote")}) {
    const std::string notes = SEINE_TRY(related(type));
    reader.read(notes, {}, element, element[0] == 'e' ? "e" : "");
  }
  Page page;
  page.metadata = package.metadata();
  page.truncated = sink.full();
  page.blocks = sink.take();
  return page;
}

}  // namespace seine::web
