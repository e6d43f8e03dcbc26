#include "gateway/docs/markdown.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/html.h"
#include "base/text.h"
#include "base/utf8.h"

namespace seine::gateway {
namespace {

using Lines = std::vector<std::string>;

constexpr int kDepthMax = 12;
// How far the end of a link, of emphasis or of code is sought: bounds the time on any input.
constexpr std::size_t kLabelBytesMax = 2'000;
constexpr std::size_t kRunBytesMax = 4'000;

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Han, kana and full-width signs: a line break between two of them is no space.
bool is_wide(char32_t point) {
  return (point >= 0x2e80 && point <= 0x9fff) || (point >= 0xf900 && point <= 0xfaff) ||
         (point >= 0xff00 && point <= 0xffef) || (point >= 0x2018 && point <= 0x201d);
}

char32_t last_point(std::string_view text) {
  std::size_t at = text.size();
  while (at > 0 && text.size() - at < 4) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80) break;
  }
  return text.empty() ? 0 : base::decode_utf8(text.substr(at)).point;
}

// A scheme that a page of ours may lead to, or none at all.
bool is_safe(std::string_view target) {
  for (const char c : target) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '\\') return false;
  }
  const std::size_t colon = target.find(':');
  if (colon == std::string_view::npos || colon > target.find_first_of("/?#")) {
    return !target.empty() && !target.starts_with("//");
  }
  const std::string scheme = base::ascii_lower(target.substr(0, colon));
  return scheme == "http" || scheme == "https" || scheme == "mailto";
}

// --- within a paragraph ---

class Inline {
 public:
  Inline(const LinkTarget& link, std::string& out) : link_(link), out_(out) {}

  void write(std::string_view text, int depth) {
    for (std::size_t i = 0; i < text.size();) {
      const char c = text[i];
      const bool picture = c == '!' && i + 1 < text.size() && text[i + 1] == '[';
      std::size_t end = 0;  // of what begins here; 0: nothing does
      if (c == '\\' && i + 1 < text.size() && is_punctuation(text[i + 1])) {
        base::append_html(out_, text.substr(i + 1, 1), base::HtmlPlace::kText);
        end = i + 2;
      } else if (c == '\n') {
        end = line_end(text, i);
      } else if (c == '`') {
        end = code(text, i);
      } else if (c == '<') {
        end = automatic(text, i);
      } else if ((c == '[' || picture) && depth < kDepthMax) {
        end = link(text, i, depth);
      } else if ((c == '*' || c == '_') && depth < kDepthMax) {
        end = emphasis(text, i, depth);
      }
      i = end != 0 ? end : plain(text, i);
    }
  }

 private:
  // The text from here to the next byte that may mean something.
  std::size_t plain(std::string_view text, std::size_t i) {
    const std::size_t end = std::min(text.find_first_of("\\\n`<[!*_", i + 1), text.size());
    base::append_html(out_, text.substr(i, end - i), base::HtmlPlace::kText);
    return end;
  }

  std::size_t line_end(std::string_view text, std::size_t i) {
    const bool hard = i >= 2 && text[i - 1] == ' ' && text[i - 2] == ' ';
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
    std::size_t next = i + 1;
    while (next < text.size() && (text[next] == ' ' || text[next] == '\n')) ++next;
    if (hard) {
      out_ += "<br>\n";
    } else if (next < text.size()) {
      const bool wide =
          is_wide(last_point(out_)) && is_wide(base::decode_utf8(text.substr(next)).point);
      if (!wide) out_ += '\n';
    }
    return next;
  }

  std::size_t code(std::string_view text, std::size_t i) {
    std::size_t marks = i;
    while (marks < text.size() && text[marks] == '`') ++marks;
    const std::size_t length = marks - i;
    const std::size_t limit = std::min(text.size(), marks + kRunBytesMax);
    for (std::size_t end = text.find('`', marks); end < limit;) {
      std::size_t after = end;
      while (after < text.size() && text[after] == '`') ++after;
      if (after - end == length) {
        std::string inner(text.substr(marks, end - marks));
        std::ranges::replace(inner, '\n', ' ');
        const bool padded = inner.size() > 2 && inner.front() == ' ' && inner.back() == ' ';
        out_ += "<code>";
        base::append_html(
            out_,
            padded ? std::string_view(inner).substr(1, inner.size() - 2) : std::string_view(inner),
            base::HtmlPlace::kText);
        out_ += "</code>";
        return after;
      }
      end = text.find('`', after);
    }
    out_.append(length, '`');
    return marks;
  }

  std::size_t automatic(std::string_view text, std::size_t i) {
    const std::size_t end = text.substr(0, std::min(text.size(), i + kLabelBytesMax)).find('>', i);
    if (end != std::string_view::npos) {
      const std::string_view target = text.substr(i + 1, end - i - 1);
      if ((target.starts_with("http://") || target.starts_with("https://")) && is_safe(target)) {
        open_link(target);
        base::append_html(out_, target, base::HtmlPlace::kText);
        out_ += "</a>";
        return end + 1;
      }
    }
    return 0;
  }

  void open_link(std::string_view target) {
    out_ += "<a href=\"";
    base::append_html(out_, target, base::HtmlPlace::kAttribute);
    out_ += target.starts_with("http") ? "\" rel=\"noopener noreferrer\">" : "\">";
  }

  // [label](target "title"), ![label](target); 0 when it is none. A picture is a link to it.
  std::size_t link(std::string_view text, std::size_t i, int depth) {
    const std::size_t begin = text[i] == '!' ? i + 2 : i + 1;
    const std::size_t limit = std::min(text.size(), begin + kLabelBytesMax);
    int open = 1;
    std::size_t close = begin;
    for (; close < limit; ++close) {
      if (text[close] == '\\') {
        ++close;
      } else if (text[close] == '[') {
        ++open;
      } else if (text[close] == ']' && --open == 0) {
        break;
      }
    }
    if (close >= limit || close + 1 >= text.size() || text[close + 1] != '(') return 0;
    const std::size_t target_at = close + 2;
    const std::size_t end =
        text.substr(0, std::min(text.size(), target_at + kLabelBytesMax)).find(')', target_at);
    if (end == std::string_view::npos) return 0;
    std::string_view target = base::trim(text.substr(target_at, end - target_at));
    target = target.substr(0, target.find(' '));
    std::optional<std::string> href;
    if (is_safe(target)) href = link_ ? link_(target) : std::optional<std::string>(target);
    if (href) open_link(*href);
    write(text.substr(begin, close - begin), depth + 1);
    if (href) out_ += "</a>";
    return end + 1;
  }

  // The end of what the mark opens; 0 when it opens nothing.
  std::size_t emphasis(std::string_view text, std::size_t i, int depth) {
    const bool twice = i + 1 < text.size() && text[i + 1] == text[i];
    const std::string_view mark = text.substr(i, twice ? 2 : 1);
    const std::size_t begin = i + mark.size();
    const bool inside_word = i > 0 && is_word(text[i - 1]);
    if (begin >= text.size() || text[begin] == ' ' || text[begin] == '\n') return 0;
    if (mark[0] == '_' && inside_word) return 0;
    const std::size_t limit = std::min(text.size(), begin + kRunBytesMax);
    for (std::size_t end = text.find(mark, begin + 1); end != std::string_view::npos && end < limit;
         end = text.find(mark, end + 1)) {
      const std::size_t after = end + mark.size();
      const bool longer = after < text.size() && text[after] == mark[0] && mark.size() == 1;
      const bool tail = end > 0 && text[end - 1] == mark[0] && mark.size() == 1;
      const bool word = mark[0] == '_' && after < text.size() && is_word(text[after]);
      if (text[end - 1] == ' ' || text[end - 1] == '\\' || longer || tail || word) continue;
      const std::string_view tag = mark.size() == 2 ? "strong" : "em";
      out_ += fmt::format("<{}>", tag);
      write(text.substr(begin, end - begin), depth + 1);
      out_ += fmt::format("</{}>", tag);
      return after;
    }
    return 0;
  }

  const LinkTarget& link_;
  std::string& out_;
};

// --- blocks ---

std::size_t indent_of(std::string_view line) {
  const std::size_t at = line.find_first_not_of(' ');
  return at == std::string_view::npos ? line.size() : at;
}

bool is_blank(std::string_view line) {
  return base::trim(line).empty();
}

// How many # begin a heading; 0: none.
std::size_t heading_level(std::string_view line) {
  const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
  return level >= 1 && level <= 6 && level < line.size() && line[level] == ' ' ? level : 0;
}

std::string_view heading_text(std::string_view line) {
  std::string_view text = base::trim(line.substr(heading_level(line)));
  const std::size_t end = text.find_last_not_of('#');
  if (end != std::string_view::npos && end + 1 < text.size() && text[end] == ' ') {
    text = base::trim(text.substr(0, end));
  }
  return text;
}

bool is_rule(std::string_view line) {
  const std::string_view text = base::trim(line);
  if (text.size() < 3 || (text[0] != '-' && text[0] != '*' && text[0] != '_')) return false;
  return std::ranges::all_of(text, [&](char c) { return c == text[0] || c == ' '; });
}

// The fence that opens here: its mark repeated; empty: none.
std::string_view fence_of(std::string_view line) {
  const std::string_view text = line.substr(std::min(indent_of(line), line.size()));
  if (indent_of(line) > 3 || text.size() < 3 || (text[0] != '`' && text[0] != '~')) return {};
  const std::size_t length = std::min(text.find_first_not_of(text[0]), text.size());
  return length >= 3 ? text.substr(0, length) : std::string_view();
}

struct Marker {
  std::size_t width = 0;  // of indent, mark and space: where the item's text begins
  bool ordered = false;
  std::string number = {};
};

std::optional<Marker> marker_of(std::string_view line) {
  const std::size_t indent = indent_of(line);
  if (indent > 3 || indent >= line.size()) return std::nullopt;
  std::size_t at = indent;
  Marker marker;
  if (line[at] == '-' || line[at] == '*' || line[at] == '+') {
    ++at;
  } else {
    while (at < line.size() && at - indent < 9 && line[at] >= '0' && line[at] <= '9') ++at;
    if (at == indent || at >= line.size() || (line[at] != '.' && line[at] != ')')) {
      return std::nullopt;
    }
    marker.ordered = true;
    marker.number = line.substr(indent, at - indent);
    ++at;
  }
  if (at < line.size() && line[at] != ' ') return std::nullopt;
  marker.width = at + 1;
  return marker;
}

// Cells between bars; bars within code or after a backslash part nothing.
std::vector<std::string> cells_of(std::string_view line) {
  std::string_view text = base::trim(line);
  if (text.starts_with('|')) text.remove_prefix(1);
  std::vector<std::string> out(1);
  bool code = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '|') {
      out.back() += '|';
      ++i;
    } else if (text[i] == '|' && !code) {
      if (i + 1 < text.size()) out.emplace_back();
    } else {
      code ^= text[i] == '`';
      out.back() += text[i];
    }
  }
  for (std::string& cell : out) cell = base::trim(cell);
  return out;
}

bool is_delimiter_row(std::string_view line) {
  if (line.find('-') == std::string_view::npos) return false;
  return std::ranges::all_of(base::trim(line),
                             [](char c) { return c == '-' || c == ':' || c == '|' || c == ' '; });
}

std::string without_marks(std::string_view text) {
  static const LinkTarget kNoLinks = [](std::string_view) { return std::nullopt; };
  std::string html;
  Inline(kNoLinks, html).write(text, 0);
  std::string out;
  bool tag = false;
  for (const char c : html) {
    if (c == '<') tag = true;
    if (!tag) out += c;
    if (c == '>') tag = false;
  }
  return out;
}

// The anchor of a heading, as code hosts make it.
std::string anchor_of(std::string_view text) {
  std::string out;
  for (const char c : without_marks(text)) {
    if (is_word(c) || c == '-' || c == '_') out += base::ascii_lower(c);
    if (c == ' ') out += '-';
  }
  return out;
}

class Blocks {
 public:
  Blocks(const LinkTarget& link, std::string& out) : link_(link), out_(out) {}

  // `tight`: paragraphs stand without tags, as in a list without blank lines.
  void write(const Lines& lines, int depth, bool tight) {
    for (std::size_t i = 0; i < lines.size();) {
      const std::string& line = lines[i];
      if (is_blank(line)) {
        ++i;
      } else if (!fence_of(line).empty()) {
        i = fenced(lines, i);
      } else if (heading_level(line) != 0) {
        heading(line);
        ++i;
      } else if (is_rule(line)) {
        out_ += "<hr>\n";
        ++i;
      } else if (line.starts_with('>') && depth < kDepthMax) {
        i = quote(lines, i, depth);
      } else if (marker_of(line) && depth < kDepthMax) {
        i = list(lines, i, depth);
      } else if (indent_of(line) >= 4) {
        i = indented(lines, i);
      } else if (i + 1 < lines.size() && line.find('|') != std::string::npos &&
                 is_delimiter_row(lines[i + 1])) {
        i = table(lines, i);
      } else {
        i = paragraph(lines, i, tight);
      }
    }
  }

 private:
  void inline_text(std::string_view text) { Inline(link_, out_).write(text, 0); }

  void heading(std::string_view line) {
    const std::size_t level = heading_level(line);
    const std::string_view text = heading_text(line);
    out_ += fmt::format("<h{} id=\"", level);
    base::append_html(out_, anchor_of(text), base::HtmlPlace::kAttribute);
    out_ += "\">";
    inline_text(text);
    out_ += fmt::format("</h{}>\n", level);
  }

  std::size_t fenced(const Lines& lines, std::size_t i) {
    const std::string fence(fence_of(lines[i]));
    const std::size_t indent = indent_of(lines[i]);
    out_ += "<pre tabindex=\"0\"><code>";
    for (++i; i < lines.size(); ++i) {
      const std::string_view closing = fence_of(lines[i]);
      if (!closing.empty() && closing[0] == fence[0] && closing.size() >= fence.size()) {
        ++i;
        break;
      }
      const std::string_view line = lines[i];
      base::append_html(out_, line.substr(std::min(indent, indent_of(line))),
                        base::HtmlPlace::kText);
      out_ += '\n';
    }
    out_ += "</code></pre>\n";
    return i;
  }

  std::size_t indented(const Lines& lines, std::size_t i) {
    out_ += "<pre tabindex=\"0\"><code>";
    std::size_t end = i;
    for (std::size_t next = i; next < lines.size(); ++next) {
      if (is_blank(lines[next])) continue;
      if (indent_of(lines[next]) < 4) break;
      end = next + 1;
    }
    for (; i < end; ++i) {
      const std::string_view line = lines[i];
      base::append_html(out_, line.substr(std::min<std::size_t>(4, line.size())),
                        base::HtmlPlace::kText);
      out_ += '\n';
    }
    out_ += "</code></pre>\n";
    return i;
  }

  std::size_t quote(const Lines& lines, std::size_t i, int depth) {
    Lines inner;
    for (; i < lines.size() && lines[i].starts_with('>'); ++i) {
      std::string_view line = std::string_view(lines[i]).substr(1);
      if (line.starts_with(' ')) line.remove_prefix(1);
      inner.emplace_back(line);
    }
    out_ += "<blockquote>\n";
    write(inner, depth + 1, false);
    out_ += "</blockquote>\n";
    return i;
  }

  std::size_t list(const Lines& lines, std::size_t i, int depth) {
    const Marker first = *marker_of(lines[i]);
    std::vector<Lines> items;
    bool tight = true;
    std::size_t width = first.width;
    bool blank = false;
    for (; i < lines.size(); ++i) {
      const std::string_view line = lines[i];
      if (is_blank(line)) {
        blank = true;
        continue;
      }
      const auto marker = marker_of(line);
      if (marker && !is_rule(line) && (items.empty() || indent_of(line) < width)) {
        if (marker->ordered != first.ordered) break;
        if (blank) tight = false;
        items.emplace_back();
        width = marker->width;
        items.back().emplace_back(line.substr(std::min(marker->width, line.size())));
      } else if (indent_of(line) >= width || (indent_of(line) >= 2 && !blank)) {
        if (blank) {
          tight = false;
          items.back().emplace_back();
        }
        items.back().emplace_back(line.substr(std::min(indent_of(line), width)));
      } else if (!blank && heading_level(line) == 0 && fence_of(line).empty() &&
                 !line.starts_with('>')) {
        items.back().emplace_back(line);  // a paragraph's lazy next line
      } else {
        break;
      }
      blank = false;
    }
    if (first.ordered) {
      const bool one = first.number == "1";
      out_ += one ? "<ol>\n" : fmt::format("<ol start=\"{}\">\n", first.number);
    } else {
      out_ += "<ul>\n";
    }
    for (const Lines& item : items) {
      out_ += "<li>";
      write(item, depth + 1, tight);
      while (out_.ends_with('\n')) out_.pop_back();
      out_ += "</li>\n";
    }
    out_ += first.ordered ? "</ol>\n" : "</ul>\n";
    return i;
  }

  std::size_t table(const Lines& lines, std::size_t i) {
    const std::vector<std::string> head = cells_of(lines[i]);
    out_ += "<div class=\"table\" tabindex=\"0\" role=\"group\"><table>\n<thead>\n";
    row(head, head.size(), "th");
    out_ += "</thead>\n<tbody>\n";
    for (i += 2; i < lines.size() && !is_blank(lines[i]); ++i) {
      if (lines[i].find('|') == std::string::npos) break;
      row(cells_of(lines[i]), head.size(), "td");
    }
    out_ += "</tbody>\n</table></div>\n";
    return i;
  }

  void row(const std::vector<std::string>& cells, std::size_t columns, std::string_view tag) {
    out_ += "<tr>";
    for (std::size_t i = 0; i < columns; ++i) {
      out_ += fmt::format("<{}>", tag);
      if (i < cells.size()) inline_text(cells[i]);
      out_ += fmt::format("</{}>", tag);
    }
    out_ += "</tr>\n";
  }

  std::size_t paragraph(const Lines& lines, std::size_t i, bool tight) {
    std::string text;
    const std::size_t first = i;
    for (; i < lines.size(); ++i) {
      const std::string& line = lines[i];
      const bool other = is_blank(line) || heading_level(line) != 0 || !fence_of(line).empty() ||
                         is_rule(line) || line.starts_with('>') || marker_of(line);
      if (other && i > first) break;
      if (!text.empty()) text += '\n';
      text += std::string_view(line).substr(indent_of(line));
    }
    if (!tight) out_ += "<p>";
    inline_text(text);
    out_ += tight ? "\n" : "</p>\n";
    return i;
  }

  const LinkTarget& link_;
  std::string& out_;
};

Lines lines_of(std::string_view markdown) {
  Lines out;
  for (std::string_view line : base::split(markdown, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    std::string text;
    for (const char c : line) {
      if (c == '\t') {
        text.append(4 - text.size() % 4, ' ');
      } else if (c != '\0') {
        text += c;
      }
    }
    out.push_back(std::move(text));
  }
  return out;
}

}  // namespace

std::string markdown_to_html(std::string_view markdown, const LinkTarget& link) {
  std::string out;
  Blocks(link, out).write(lines_of(base::to_valid_utf8(markdown)), 0, false);
  return out;
}

std::string markdown_title(std::string_view markdown) {
  bool code = false;
  for (const std::string& line : lines_of(base::to_valid_utf8(markdown))) {
    if (!fence_of(line).empty()) code = !code;
    if (code || heading_level(line) == 0) continue;
    std::string text = without_marks(heading_text(line));
    for (const auto& [entity, sign] : {std::pair<std::string_view, std::string_view>{"&lt;", "<"},
                                       {"&gt;", ">"},
                                       {"&quot;", "\""},
                                       {"&#39;", "'"},
                                       {"&amp;", "&"}}) {
      for (std::size_t at = text.find(entity); at != std::string::npos;
           at = text.find(entity, at + sign.size())) {
        text.replace(at, entity.size(), sign);
      }
    }
    return text;
  }
  return {};
}

}  // namespace seine::gateway
