#include <algorithm>
#include <optional>
#include <vector>

#include "base/text.h"
#include "web/extract/markdown/block_sink.h"
#include "web/extract/office/office_page.h"
#include "web/extract/office/package.h"
#include "web/extract/office/run_text.h"

namespace seine::web {
namespace {

using Event = XmlReader::Event;

constexpr std::size_t kSlidesMax = 1'000;
constexpr std::size_t kSlidesTextMax = 65'536;
constexpr std::size_t kSlidesRowsMax = 1'000;

enum class ListMark : std::uint8_t { kInherited, kNone, kBullet, kNumber };

struct Paragraph {
  RunText text;
  int level = 0;
  ListMark mark = ListMark::kInherited;
};

struct SlideShape {
  bool placeholder = false;
  std::string role;  // "title", "body", "" of an object's placeholder
  std::vector<Paragraph> paragraphs;
  Table table;
};

bool is_title(const SlideShape& shape) {
  return shape.role == "title" || shape.role == "ctrTitle";
}

// Dates, footers and numbers stand on every slide.
bool is_furniture(const SlideShape& shape) {
  return shape.role == "dt" || shape.role == "ftr" || shape.role == "sldNum" || shape.role == "hdr";
}

class SlideReader {
 public:
  SlideReader(std::string_view text, const Relationships& links) : xml_(text), links_(links) {}

  // Nothing of a hidden slide.
  std::optional<std::vector<SlideShape>> read() {
    std::vector<SlideShape> shapes;
    for (Event event = xml_.next(); event != Event::kDone; event = xml_.next()) {
      if (event != Event::kStart) continue;
      const std::string_view local = xml_.local();
      if (local == "Fallback") {
        xml_.skip();
      } else if (local == "sld" && xml_.attribute("show").value_or("1") == "0") {
        return std::nullopt;
      } else if (local == "sp" || local == "graphicFrame") {
        shapes.push_back(shape());
      }
    }
    return shapes;
  }

 private:
  SlideShape shape() {
    SlideShape shape;
    bool hidden = false;
    const std::size_t depth = xml_.depth();
    while (xml_.depth() >= depth) {
      const Event event = xml_.next();
      if (event == Event::kDone) break;
      if (event != Event::kStart) continue;
      const std::string_view local = xml_.local();
      if (local == "cNvPr") {
        const std::string value = xml_.attribute("hidden").value_or("0");
        hidden = value == "1" || value == "true";
      } else if (local == "ph") {
        shape.placeholder = true;
        shape.role = xml_.attribute("type").value_or("");
      } else if (local == "tbl") {
        shape.table = table();
      } else if (local == "p") {
        shape.paragraphs.push_back(paragraph());
      }
    }
    return hidden ? SlideShape{} : shape;
  }

  Table table() {
    Table table;
    const std::size_t depth = xml_.depth();
    while (xml_.depth() >= depth) {
      const Event event = xml_.next();
      if (event == Event::kDone) break;
      if (event != Event::kStart) continue;
      if (xml_.local() == "tr" && table.rows.size() < kSlidesRowsMax) {
        table.rows.emplace_back();
      } else if (xml_.local() == "tc" && !table.rows.empty() &&
                 table.rows.back().size() < kTableColumnsMax) {
        table.rows.back().push_back(cell());
      }
    }
    std::size_t width = 0;
    for (const auto& row : table.rows) width = std::max(width, row.size());
    for (auto& row : table.rows) row.resize(width);
    return table;
  }

  Cell cell() {
    InlineText line;
    const std::size_t depth = xml_.depth();
    while (xml_.depth() >= depth) {
      const Event event = xml_.next();
      if (event == Event::kDone) break;
      if (event != Event::kStart || xml_.local() != "p") continue;
      line.line_break();
      paragraph().text.append_to(line, Emphasis::kKeep);
    }
    Cell cell;
    cell.markdown = line.take_markdown();
    cell.text = line.take_plain();
    return cell;
  }

  Paragraph paragraph() {
    Paragraph paragraph;
    RunLook look;
    const std::size_t depth = xml_.depth();
    while (xml_.depth() >= depth) {
      const Event event = xml_.next();
      if (event == Event::kDone) break;
      const std::string_view local = xml_.local();
      if (event == Event::kEnd && local == "r") look = {};
      if (event != Event::kStart) continue;
      if (local == "pPr") {
        const auto level = base::parse_u64(xml_.attribute("lvl").value_or(""));
        paragraph.level = static_cast<int>(std::min<std::uint64_t>(level.value_or(0), 8));
      } else if (local == "buNone") {
        paragraph.mark = ListMark::kNone;
      } else if (local == "buAutoNum") {
        paragraph.mark = ListMark::kNumber;
      } else if (local == "buChar" || local == "buBlip") {
        paragraph.mark = ListMark::kBullet;
      } else if (local == "rPr") {
        const std::string bold = xml_.attribute("b").value_or("0");
        const std::string italic = xml_.attribute("i").value_or("0");
        look.bold = bold == "1" || bold == "true";
        look.italic = italic == "1" || italic == "true";
      } else if (local == "hlinkClick") {
        const auto found = links_.find(xml_.attribute_named("r:id").value_or(""));
        if (found != links_.end() && found->second.external)
          look.link = safe_link(found->second.target);
      } else if (local == "t") {
        paragraph.text.add(xml_.inner_text(kSlidesTextMax), look);
      } else if (local == "br") {
        paragraph.text.line_break();
        xml_.skip();
      } else if (local == "tab") {
        paragraph.text.add(" ", look);
      } else if (local == "endParaRPr") {
        xml_.skip();
      }
    }
    return paragraph;
  }

  XmlReader xml_;
  const Relationships& links_;
};

void write_shape(SlideShape& shape, BlockSink& sink) {
  if (is_furniture(shape)) return;
  if (!shape.table.rows.empty()) sink.table(shape.table, 0);
  // The masters give bullets to bodies and to none else; what the slide says itself goes first.
  const bool bullets =
      shape.placeholder && (shape.role == "body" || shape.role == "obj" || shape.role.empty());
  int number = 0;
  for (Paragraph& paragraph : shape.paragraphs) {
    const ListMark mark = paragraph.mark;
    InlineText line = paragraph.text.take(Emphasis::kKeep);
    if (line.empty()) continue;
    if (mark == ListMark::kNumber) {
      sink.list_item(paragraph.level + 1, fmt::format("{}.", ++number), line);
      continue;
    }
    number = 0;
    if (mark == ListMark::kBullet || (mark == ListMark::kInherited && bullets)) {
      sink.list_item(paragraph.level + 1, "-", line);
    } else {
      sink.paragraph(line);
    }
  }
}

void write_slide(std::vector<SlideShape> shapes, BlockSink& sink) {
  InlineText title;
  for (SlideShape& shape : shapes) {
    if (!is_title(shape)) continue;
    for (Paragraph& paragraph : shape.paragraphs) {
      title.space();
      paragraph.text.append_to(title, Emphasis::kDrop);
    }
  }
  sink.heading(2, title);
  for (SlideShape& shape : shapes) {
    if (!is_title(shape)) write_shape(shape, sink);
  }
}

void write_notes(std::vector<SlideShape> shapes, BlockSink& sink) {
  for (SlideShape& shape : shapes) {
    // Beside the notes there is the slide's picture, whose placeholder holds no words of its own.
    if (is_furniture(shape) || shape.role == "sldImg") continue;
    for (Paragraph& paragraph : shape.paragraphs) {
      InlineText line = paragraph.text.take(Emphasis::kKeep);
      sink.quote(line);
    }
  }
}

}  // namespace

base::Result<Page> pptx_page(std::string_view bytes) {
  OfficePackage package = SEINE_TRY(OfficePackage::open(bytes));
  const std::string main = package.main_part("ppt/presentation.xml");
  const std::string presentation = SEINE_TRY(package.required_text(main));
  const Relationships parts = package.relationships(main);
  Page page;
  BlockSink sink;
  XmlReader xml(presentation);
  std::size_t number = 0;
  for (Event event = xml.next(); event != Event::kDone && !sink.full(); event = xml.next()) {
    if (event != Event::kStart || xml.local() != "sldId") continue;
    const auto part = parts.find(xml.attribute_named("r:id").value_or(""));
    if (part == parts.end() || part->second.external) continue;
    if (++number > kSlidesMax) {
      page.truncated = true;
      break;
    }
    const std::string& slide = part->second.target;
    const Relationships links = package.relationships(slide);
    const std::string text = SEINE_TRY(package.text(slide));
    auto shapes = SlideReader(text, links).read();
    if (!shapes) continue;
    sink.set_anchor(fmt::format("slide={}", number));
    write_slide(*std::move(shapes), sink);
    for (const auto& [id, one] : links) {
      if (one.type != "notesSlide" || one.external) continue;
      const std::string notes = SEINE_TRY(package.text(one.target));
      const Relationships noted = package.relationships(one.target);
      if (auto said = SlideReader(notes, noted).read()) write_notes(*std::move(said), sink);
    }
  }
  page.metadata = package.metadata();
  page.truncated = page.truncated || sink.full();
  page.blocks = sink.take();
  return page;
}

}  // namespace seine::web
