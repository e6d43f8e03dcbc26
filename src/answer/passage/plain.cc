#include "answer/passage/plain.h"

#include <optional>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

constexpr std::size_t kLinkBytesMax = 4096;

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

// Where the bracket opened at `open` closes; escapes count. Nothing past kLinkBytesMax.
std::optional<std::size_t> closing(std::string_view text, std::size_t open, char left, char right) {
  int depth = 0;
  for (std::size_t i = open; i < text.size() && i - open < kLinkBytesMax; ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == left) {
      ++depth;
    } else if (text[i] == right && --depth == 0) {
      return i;
    }
  }
  return std::nullopt;
}

class PlainWriter {
 public:
  void put(char c) {
    if (base::is_space(c)) {
      space_ = !out_.empty();
      return;
    }
    if (space_) out_ += ' ';
    space_ = false;
    out_ += c;
  }
  void put(std::string_view text) {
    for (const char c : text) put(c);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  bool space_ = false;
};

struct Link {
  std::size_t text_end;  // of the ']'
  std::size_t end;       // past the ')'
};

// "[text](address)" at `at`.
std::optional<Link> link_at(std::string_view text, std::size_t at) {
  const auto bracket = closing(text, at, '[', ']');
  if (!bracket || *bracket + 1 >= text.size() || text[*bracket + 1] != '(') return std::nullopt;
  const auto paren = closing(text, *bracket + 1, '(', ')');
  if (!paren) return std::nullopt;
  return Link{*bracket, *paren + 1};
}

// Markers at the start of a line: "# ", "- ", "1. ", "> ".
std::size_t line_mark(std::string_view line) {
  std::size_t i = 0;
  for (;;) {
    while (i < line.size() && line[i] == ' ') ++i;
    const std::size_t before = i;
    if (i < line.size() && line[i] == '>') {
      ++i;
      continue;
    }
    while (i < line.size() && line[i] == '#') ++i;
    if (i > before) return i < line.size() && line[i] == ' ' ? i : before;
    if (i + 1 < line.size() && (line[i] == '-' || line[i] == '*' || line[i] == '+') &&
        line[i + 1] == ' ') {
      return i + 1;
    }
    while (i < line.size() && i - before < 4 && line[i] >= '0' && line[i] <= '9') ++i;
    if (i > before && i + 1 < line.size() && line[i] == '.' && line[i + 1] == ' ') return i + 1;
    return before;
  }
}

void write_inline(std::string_view text, PlainWriter& out) {
  std::size_t i = 0;
  std::size_t link_text_end = 0;
  std::size_t link_end = 0;
  while (i < text.size()) {
    if (link_end != 0 && i == link_text_end) {  // the address is not for reading
      i = link_end;
      link_end = 0;
      continue;
    }
    const char c = text[i];
    if (c == '\\' && i + 1 < text.size() && is_punctuation(text[i + 1])) {
      out.put(text[i + 1]);
      i += 2;
      continue;
    }
    const bool image = c == '!' && i + 1 < text.size() && text[i + 1] == '[';
    if (image || (c == '[' && link_end == 0)) {
      if (const auto link = link_at(text, i + (image ? 1 : 0))) {
        if (image) {
          i = link->end;
        } else {
          link_text_end = link->text_end;
          link_end = link->end;
          ++i;
        }
        continue;
      }
    }
    if (c != '*' && c != '`') out.put(c);
    ++i;
  }
}

}  // namespace

std::string plain_text(std::string_view markdown) {
  PlainWriter out;
  std::size_t at = 0;
  while (at < markdown.size()) {
    const std::size_t end = std::min(markdown.find('\n', at), markdown.size());
    const std::string_view line = markdown.substr(at, end - at);
    if (!line.starts_with("```")) write_inline(line.substr(line_mark(line)), out);
    out.put('\n');
    at = end + 1;
  }
  return out.take();
}

std::uint32_t estimate_tokens(std::string_view text) {
  std::size_t ascii = 0;
  std::size_t other = 0;
  for (std::size_t i = 0; i < text.size();) {
    const base::DecodedPoint point = base::decode_utf8(text.substr(i));
    (point.point < 0x80 ? ascii : other) += 1;
    i += point.length;
  }
  return static_cast<std::uint32_t>((ascii + 3) / 4 + (other * 7 + 9) / 10);
}

}  // namespace seine::answer
