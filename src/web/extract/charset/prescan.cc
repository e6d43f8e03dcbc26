#include <algorithm>
#include <vector>

#include "base/text.h"
#include "web/extract/charset/sniff.h"

namespace seine::web {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}
bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

struct Attribute {
  std::string name;
  std::string value;
};

// "Get an attribute" of the prescan. Nothing at '>' or at the end.
std::optional<Attribute> next_attribute(std::string_view s, std::size_t& at) {
  while (at < s.size() && (is_space(s[at]) || s[at] == '/')) ++at;
  if (at >= s.size() || s[at] == '>') return std::nullopt;
  Attribute attribute;
  while (true) {
    if (at >= s.size()) return std::nullopt;
    const char c = s[at];
    if (c == '=' && !attribute.name.empty()) {
      ++at;
      break;
    }
    if (is_space(c)) {
      while (at < s.size() && is_space(s[at])) ++at;
      if (at >= s.size()) return std::nullopt;
      if (s[at] != '=') return attribute;
      ++at;
      break;
    }
    if (c == '/' || c == '>') return attribute;
    attribute.name.push_back(base::ascii_lower(c));
    ++at;
  }
  while (at < s.size() && is_space(s[at])) ++at;
  if (at >= s.size()) return std::nullopt;
  if (s[at] == '"' || s[at] == '\'') {
    const char quote = s[at++];
    while (true) {
      if (at >= s.size()) return std::nullopt;
      if (s[at] == quote) {
        ++at;
        return attribute;
      }
      attribute.value.push_back(base::ascii_lower(s[at++]));
    }
  }
  while (at < s.size() && !is_space(s[at]) && s[at] != '>') {
    attribute.value.push_back(base::ascii_lower(s[at++]));
  }
  if (at >= s.size()) return std::nullopt;
  return attribute;
}

// One <meta ...>: the encoding it declares. `at` is behind "<meta" and ends behind its attributes.
std::optional<Encoding> read_meta(std::string_view s, std::size_t& at) {
  std::vector<std::string> seen;
  bool got_pragma = false;
  std::optional<bool> need_pragma;
  std::optional<Encoding> charset;
  while (const std::optional<Attribute> attribute = next_attribute(s, at)) {
    if (std::ranges::find(seen, attribute->name) != seen.end()) continue;
    seen.push_back(attribute->name);
    if (attribute->name == "http-equiv") {
      if (attribute->value == "content-type") got_pragma = true;
    } else if (attribute->name == "content") {
      const std::optional<std::string> label = charset_parameter(attribute->value);
      const std::optional<Encoding> found = label ? encoding_from_label(*label) : std::nullopt;
      if (found && !charset) {
        charset = found;
        need_pragma = true;
      }
    } else if (attribute->name == "charset") {
      charset = encoding_from_label(attribute->value);
      need_pragma = false;
    }
  }
  if (!need_pragma || (*need_pragma && !got_pragma) || !charset) return std::nullopt;
  if (*charset == Encoding::kUtf16Be || *charset == Encoding::kUtf16Le) return Encoding::kUtf8;
  if (*charset == Encoding::kUserDefined) return Encoding::kWindows1252;
  return charset;
}

}  // namespace

std::optional<std::string> charset_parameter(std::string_view text) {
  const std::string lower = base::ascii_lower(text);
  std::size_t at = 0;
  while ((at = lower.find("charset", at)) != std::string::npos) {
    at += 7;
    std::size_t value = at;
    while (value < text.size() && is_space(text[value])) ++value;
    if (value >= text.size() || text[value] != '=') continue;
    ++value;
    while (value < text.size() && is_space(text[value])) ++value;
    if (value >= text.size()) return std::nullopt;
    if (text[value] == '"' || text[value] == '\'') {
      const std::size_t close = text.find(text[value], value + 1);
      if (close == std::string_view::npos) return std::nullopt;
      return std::string(text.substr(value + 1, close - value - 1));
    }
    const std::size_t end = std::min(text.find_first_of(" \t\n\f\r;", value), text.size());
    return std::string(text.substr(value, end - value));
  }
  return std::nullopt;
}

std::optional<Encoding> prescan_meta(std::string_view bytes, std::size_t limit) {
  const std::string_view s = bytes.substr(0, limit);
  std::size_t at = 0;
  while (at < s.size()) {
    if (s[at] != '<') {
      ++at;
      continue;
    }
    const std::string_view rest = s.substr(at);
    if (rest.starts_with("<!--")) {
      // "<!-->" ends at once: the two dashes may be the same ones.
      const std::size_t end = rest.find("-->", 2);
      if (end == std::string_view::npos) return std::nullopt;
      at += end + 3;
    } else if (rest.size() > 5 && base::ascii_iequals(rest.substr(0, 5), "<meta") &&
               (is_space(rest[5]) || rest[5] == '/')) {
      at += 6;
      if (const std::optional<Encoding> found = read_meta(s, at)) return found;
    } else if (rest.size() > 2 && (is_alpha(rest[1]) || (rest[1] == '/' && is_alpha(rest[2])))) {
      while (at < s.size() && !is_space(s[at]) && s[at] != '>') ++at;
      while (next_attribute(s, at)) {
      }
    } else if (rest.size() > 1 && (rest[1] == '!' || rest[1] == '/' || rest[1] == '?')) {
      const std::size_t end = rest.find('>');
      if (end == std::string_view::npos) return std::nullopt;
      at += end + 1;
    } else {
      ++at;
    }
  }
  return std::nullopt;
}

std::optional<Encoding> prescan_xml(std::string_view bytes) {
  std::string_view s = bytes.substr(0, kPrescanBytes);
  if (!s.starts_with("<?xml")) return std::nullopt;
  s = s.substr(0, s.find('>'));
  std::size_t at = s.find("encoding");
  if (at == std::string_view::npos) return std::nullopt;
  at += 8;
  while (at < s.size() && (is_space(s[at]) || s[at] == '=')) ++at;
  if (at >= s.size() || (s[at] != '"' && s[at] != '\'')) return std::nullopt;
  const std::size_t close = s.find(s[at], at + 1);
  if (close == std::string_view::npos) return std::nullopt;
  const std::optional<Encoding> found = encoding_from_label(s.substr(at + 1, close - at - 1));
  // The declaration itself was read as ASCII.
  if (found == Encoding::kUtf16Be || found == Encoding::kUtf16Le) return Encoding::kUtf8;
  return found;
}

}  // namespace seine::web
