#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/content/text_measure.h"
#include "web/extract/markdown/block_sink.h"
#include "web/extract/metadata/date.h"
#include "web/extract/office/xml_reader.h"
#include "web/extract/pdf/pdf_page.h"
#include "web/extract/text/join.h"

namespace seine::web {
namespace {

using Event = XmlReader::Event;

constexpr std::size_t kLinesMax = 200'000;
// Letters this much taller than the body's are a heading's; less is emphasis or a rounding.
constexpr double kHeadingRatio = 1.15;
constexpr std::size_t kHeadingLettersMax = 160;
constexpr std::size_t kHeadingLinesMax = 3;
constexpr int kHeadingLevels = 3;

struct Line {
  std::string text = {};
  double left = 0;  // points from the page's top left corner
  double top = 0;
  double height = 0;  // of the letters
};

struct TextBlock {
  int page = 0;
  double page_height = 0;
  std::vector<Line> lines;
};

double number(const XmlReader& xml, std::string_view name) {
  const auto value = base::parse_double(xml.attribute(name).value_or(""));
  return value && std::isfinite(*value) ? std::clamp(*value, -1e6, 1e6) : 0;
}

std::string iso_date(std::string_view text) {
  const auto found = find_date(text.substr(0, 100));
  return found ? found->iso : "";
}

class LayoutReader {
 public:
  explicit LayoutReader(std::string_view xml) : xml_(xml) {}

  void read() {
    for (Event event = xml_.next(); event != Event::kDone; event = xml_.next()) {
      if (event != Event::kStart) continue;
      const std::string_view name = xml_.name();
      if (name == "title") {
        metadata.title = tidy_line(xml_.inner_text(2'000), 300);
      } else if (name == "meta") {
        note(xml_.attribute("name").value_or(""), xml_.attribute("content").value_or(""));
      } else if (name == "page") {
        ++page_;
        page_height_ = number(xml_, "height");
      } else if (name == "block") {
        blocks.push_back({page_, page_height_, {}});
      } else if (name == "line" && !blocks.empty()) {
        if (++lines_ > kLinesMax) {
          truncated = true;
          return;
        }
        line();
      }
    }
  }

  Metadata metadata;
  std::vector<TextBlock> blocks;
  bool truncated = false;

 private:
  void note(std::string_view name, const std::string& value) {
    if (name == "Author") metadata.author = tidy_line(value, 120);
    if (name == "Subject") metadata.description = tidy_line(value, 500);
    if (name == "CreationDate") metadata.published = iso_date(value);
    if (name == "ModDate") metadata.modified = iso_date(value);
  }

  void line() {
    Line line{.left = number(xml_, "xMin"),
              .top = number(xml_, "yMin"),
              .height = number(xml_, "yMax") - number(xml_, "yMin")};
    double height = 0;
    const std::size_t depth = xml_.depth();
    while (xml_.depth() >= depth) {
      const XmlReader::Event event = xml_.next();
      if (event == XmlReader::Event::kDone) break;
      if (event != XmlReader::Event::kStart || xml_.name() != "word") continue;
      height = std::max(height, number(xml_, "yMax") - number(xml_, "yMin"));
      std::string word = strip_invisible(xml_.inner_text(10'000));
      if (base::trim(word).empty()) continue;
      if (!line.text.empty()) line.text += ' ';
      line.text += base::trim(word);
    }
    if (height > 0) line.height = height;
    if (!line.text.empty()) blocks.back().lines.push_back(std::move(line));
  }

  XmlReader xml_;
  int page_ = 0;
  double page_height_ = 0;
  std::size_t lines_ = 0;
};

// Sizes in steps of half a point: what differs less is one size.
int step_of(double height) {
  return static_cast<int>(std::lround(height * 2));
}

// "Page 12 of 99" and "Page 13 of 99" are one running line.
std::string running_form(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c < '0' || c > '9') {
      out.push_back(c);
    } else if (!out.ends_with('#')) {
      out.push_back('#');
    }
  }
  return out;
}

// Lines at the edge of a page that come again on most pages: titles above, numbers below.
class RunningLines {
 public:
  explicit RunningLines(const std::vector<TextBlock>& blocks) {
    std::map<std::string, std::set<int>> pages_of;
    std::set<int> pages;
    for (const TextBlock& block : blocks) {
      pages.insert(block.page);
      for (const Line& line : block.lines) {
        if (at_edge(block, line)) pages_of[running_form(line.text)].insert(block.page);
      }
    }
    for (const auto& [form, where] : pages_of) {
      if (where.size() >= 3 && where.size() * 2 > pages.size()) forms_.insert(form);
    }
  }
  bool has(const TextBlock& block, const Line& line) const {
    return at_edge(block, line) && forms_.contains(running_form(line.text));
  }

 private:
  static bool at_edge(const TextBlock& block, const Line& line) {
    return line.top < block.page_height * 0.1 || line.top + line.height > block.page_height * 0.9;
  }
  std::set<std::string> forms_;
};

struct Sizes {
  int body = 0;              // step of most letters
  std::map<int, int> level;  // of the steps that are headings'
};

Sizes measure_sizes(const std::vector<TextBlock>& blocks) {
  std::map<int, std::size_t> letters;
  std::size_t all = 0;
  for (const TextBlock& block : blocks) {
    for (const Line& line : block.lines) {
      const std::size_t count = base::count_points(line.text);
      letters[step_of(line.height)] += count;
      all += count;
    }
  }
  Sizes sizes;
  std::size_t most = 0;
  for (const auto& [step, count] : letters) {
    if (count > most) {
      most = count;
      sizes.body = step;
    }
  }
  // A size that a fifth of the text is set in is no heading's.
  int level = 0;
  for (auto entry = letters.rbegin(); entry != letters.rend(); ++entry) {
    if (entry->first < sizes.body * kHeadingRatio) break;
    if (entry->second * 5 > all) continue;
    level = std::min(level + 1, kHeadingLevels);
    sizes.level[entry->first] = level;
  }
  return sizes;
}

bool ends_sentence(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kEnds = {".",  "!",  "?",  ":",
                                                            "。", "！", "？", "："};
  return std::ranges::any_of(kEnds, [text](std::string_view end) { return text.ends_with(end); });
}

// What follows a bullet; nothing where there is none.
std::optional<std::string_view> after_bullet(std::string_view text) {
  static constexpr std::array<std::string_view, 8> kBullets = {"•", "●", "▪", "■",
                                                               "◦", "‣", "∙", "\uF0B7"};
  for (const std::string_view bullet : kBullets) {
    if (text.starts_with(bullet)) return base::trim(text.substr(bullet.size()));
  }
  return std::nullopt;
}

class LayoutWriter {
 public:
  explicit LayoutWriter(const std::vector<TextBlock>& blocks)
      : blocks_(blocks), running_(blocks), sizes_(measure_sizes(blocks)) {}

  std::vector<Block> write() {
    for (const TextBlock& block : blocks_) {
      sink_.set_anchor(fmt::format("page={}", block.page));
      std::vector<const Line*> lines;
      for (const Line& line : block.lines) {
        if (!running_.has(block, line)) lines.push_back(&line);
      }
      if (lines.empty()) continue;
      if (const int level = heading_level(lines); level > 0) {
        std::string text;
        for (const Line* line : lines) append_line(text, line->text);
        InlineText out = plain_inline(text);
        sink_.heading(level, out);
      } else {
        paragraphs(lines);
      }
    }
    return sink_.take();
  }

  bool full() const { return sink_.full(); }

 private:
  // 0: it is none, or it may not be.
  int heading_level(const std::vector<const Line*>& lines) const {
    if (lines.size() > kHeadingLinesMax) return 0;
    std::size_t letters = 0;
    int level = 0;
    for (const Line* line : lines) {
      const auto found = sizes_.level.find(step_of(line->height));
      if (found == sizes_.level.end() || (level != 0 && level != found->second)) return 0;
      level = found->second;
      letters += base::count_points(line->text);
    }
    const std::string& last = lines.back()->text;
    if (letters > kHeadingLettersMax || letters < 2 || last.ends_with('.') || last.ends_with("。"))
      return 0;
    // A formula or a figure's big number has no word in it.
    const bool words = std::ranges::any_of(lines, [](const Line* line) {
      return std::ranges::any_of(line->text, [](char c) {
        return (base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z') ||
               static_cast<unsigned char>(c) >= 0x80;
      });
    });
    return words ? level : 0;
  }

  void paragraphs(const std::vector<const Line*>& lines) {
    double left = lines.front()->left;
    for (const Line* line : lines) left = std::min(left, line->left);
    std::string text;
    bool item = false;
    const auto close = [&] {
      InlineText out = plain_inline(text);
      if (item) {
        sink_.list_item(1, "-", out);
      } else {
        sink_.paragraph(out);
      }
      text.clear();
      item = false;
    };
    for (const Line* line : lines) {
      if (const auto rest = after_bullet(line->text)) {
        close();
        item = true;
        text = *rest;
        continue;
      }
      // An indented line after the end of a sentence begins a paragraph.
      if (!item && !text.empty() && line->left > left + line->height * 0.8 && ends_sentence(text))
        close();
      append_line(text, line->text);
    }
    close();
  }

  const std::vector<TextBlock>& blocks_;
  RunningLines running_;
  Sizes sizes_;
  BlockSink sink_;
};

}  // namespace

Page layout_page(std::string_view xml) {
  LayoutReader reader(xml);
  reader.read();
  LayoutWriter writer(reader.blocks);
  Page page;
  page.blocks = writer.write();
  page.truncated = reader.truncated || writer.full();
  page.metadata = std::move(reader.metadata);
  // Word processors leave the file's name there.
  const std::string lower = base::ascii_lower(page.metadata.title);
  if (lower.ends_with(".doc") || lower.ends_with(".docx") || lower.starts_with("microsoft word") ||
      lower == "untitled")
    page.metadata.title.clear();
  if (page.metadata.title.empty()) {
    const auto heading = std::ranges::find(page.blocks, BlockKind::kHeading, &Block::kind);
    if (heading != page.blocks.end()) page.metadata.title = tidy_line(heading->text, 300);
  }
  return page;
}

}  // namespace seine::web
