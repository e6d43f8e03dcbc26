#include "web/extract/office/xml_reader.h"

#include <algorithm>

#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/html/entities.h"

namespace seine::web {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

bool is_name_start(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' || byte >= 0x80;
}

bool is_name(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

std::string_view after_colon(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == kNone ? name : name.substr(colon + 1);
}

std::string decoded(std::string_view raw) {
  return raw.find('&') == kNone ? std::string(raw) : html::decode_references(raw);
}

// Calls `found(name, value)` for each attribute until it says true.
template <typename Found>
void each_attribute(std::string_view text, Found found) {
  std::size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && !is_name_start(text[at])) ++at;
    const std::size_t name_at = at;
    while (at < text.size() && is_name(text[at])) ++at;
    const std::string_view name = text.substr(name_at, at - name_at);
    while (at < text.size() && base::is_space(text[at])) ++at;
    if (at >= text.size() || text[at] != '=') continue;
    ++at;
    while (at < text.size() && base::is_space(text[at])) ++at;
    if (at >= text.size()) return;
    std::string_view value;
    if (text[at] == '"' || text[at] == '\'') {
      const std::size_t end = std::min(text.find(text[at], at + 1), text.size());
      value = text.substr(at + 1, end - at - 1);
      at = std::min(end + 1, text.size());
    } else {
      const std::size_t value_at = at;
      while (at < text.size() && !base::is_space(text[at])) ++at;
      value = text.substr(value_at, at - value_at);
    }
    if (found(name, value)) return;
  }
}

}  // namespace

std::string_view XmlReader::local() const {
  return after_colon(name_);
}

std::string_view XmlReader::prefix() const {
  const std::size_t colon = name_.find(':');
  return colon == kNone ? std::string_view() : name_.substr(0, colon);
}

std::optional<std::string> XmlReader::attribute(std::string_view local) const {
  std::optional<std::string> value;
  each_attribute(attributes_, [&](std::string_view name, std::string_view raw) {
    if (after_colon(name) != local) return false;
    value = decoded(raw);
    return true;
  });
  return value;
}

std::optional<std::string> XmlReader::attribute_named(std::string_view name) const {
  std::optional<std::string> value;
  each_attribute(attributes_, [&](std::string_view found, std::string_view raw) {
    if (found != name) return false;
    value = decoded(raw);
    return true;
  });
  return value;
}

std::string XmlReader::text() const {
  return verbatim_ ? std::string(text_) : decoded(text_);
}

XmlReader::Event XmlReader::close() {
  name_ = open_.back();
  attributes_ = {};
  open_.pop_back();
  if (open_.size() <= closing_to_) closing_ = false;
  return Event::kEnd;
}

bool XmlReader::skip_past(std::string_view mark) {
  const std::size_t end = all_.find(mark, at_);
  if (end == kNone) {
    damaged_ = true;
    at_ = all_.size();
    return false;
  }
  at_ = end + mark.size();
  return true;
}

// <!DOCTYPE … [ … ]>: brackets and quotes are all that is looked at.
void XmlReader::skip_doctype() {
  bool subset = false;
  char quote = 0;
  for (; at_ < all_.size(); ++at_) {
    const char c = all_[at_];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[') {
      subset = true;
    } else if (c == ']') {
      subset = false;
    } else if (c == '>' && !subset) {
      ++at_;
      return;
    }
  }
  damaged_ = true;
}

XmlReader::Event XmlReader::next() {
  if (closing_) return close();
  while (at_ < all_.size()) {
    offset_ = at_;
    const std::string_view rest = all_.substr(at_);
    const bool tag = rest.size() > 1 && rest[0] == '<' &&
                     (is_name_start(rest[1]) || rest[1] == '/' || rest[1] == '!' || rest[1] == '?');
    if (!tag) {
      // A '<' that begins nothing is text.
      const std::size_t end = std::min(all_.find('<', at_ + 1), all_.size());
      text_ = all_.substr(at_, end - at_);
      verbatim_ = false;
      at_ = end;
      return Event::kText;
    }
    if (rest.starts_with("<![CDATA[")) {
      at_ += 9;
      const std::size_t from = at_;
      const bool ended = skip_past("]]>");
      text_ = all_.substr(from, at_ - from - (ended ? 3 : 0));
      verbatim_ = true;
      return Event::kText;
    }
    if (rest.starts_with("<!--")) {
      at_ += 4;
      skip_past("-->");
    } else if (rest.starts_with("<?")) {
      skip_past("?>");
    } else if (rest.starts_with("<!")) {
      skip_doctype();
    } else if (rest[1] == '/') {
      if (end_tag() == Event::kEnd) return close();
    } else {
      return start_tag();
    }
  }
  if (open_.empty()) return Event::kDone;
  damaged_ = true;
  closing_ = true;
  closing_to_ = 0;
  return close();
}

XmlReader::Event XmlReader::start_tag() {
  if (open_.size() >= kDepthMax) {
    damaged_ = true;
    at_ = all_.size();
    return next();
  }
  std::size_t at = at_ + 1;
  while (at < all_.size() && is_name(all_[at])) ++at;
  name_ = all_.substr(at_ + 1, at - at_ - 1);
  const std::size_t from = at;
  char quote = 0;
  for (; at < all_.size(); ++at) {
    const char c = all_[at];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      break;
    }
  }
  damaged_ = damaged_ || at >= all_.size();
  attributes_ = all_.substr(from, std::min(at, all_.size()) - from);
  at_ = std::min(at + 1, all_.size());
  open_.push_back(name_);
  if (attributes_.ends_with('/')) {
    attributes_.remove_suffix(1);
    closing_ = true;
    closing_to_ = open_.size() - 1;
  }
  return Event::kStart;
}

// kEnd: pending ends are set up; kDone: the tag ends nothing.
XmlReader::Event XmlReader::end_tag() {
  std::size_t at = at_ + 2;
  while (at < all_.size() && is_name(all_[at])) ++at;
  const std::string_view name = all_.substr(at_ + 2, at - at_ - 2);
  at_ = at;
  skip_past(">");
  const auto found = std::find(open_.rbegin(), open_.rend(), name);
  if (found == open_.rend()) {
    damaged_ = true;
    return Event::kDone;
  }
  closing_to_ = static_cast<std::size_t>(open_.rend() - found) - 1;
  closing_ = true;
  damaged_ = damaged_ || found != open_.rbegin();
  return Event::kEnd;
}

void XmlReader::skip() {
  const std::size_t depth = open_.size();
  while (depth > 0 && open_.size() >= depth) next();
}

std::string XmlReader::inner_text(std::size_t bytes_max) {
  std::string out;
  const std::size_t depth = open_.size();
  while (depth > 0 && open_.size() >= depth) {
    if (next() == Event::kText && out.size() < bytes_max) out += text();
  }
  if (out.size() > bytes_max) out.resize(base::utf8_prefix(out, bytes_max));
  return out;
}

std::string_view XmlReader::inner_markup() {
  const std::size_t depth = open_.size();
  const std::size_t from = at_;
  std::size_t to = at_;
  while (depth > 0 && open_.size() >= depth) {
    // An end tag starts at its offset; a self-closed element has nothing inside.
    if (next() == Event::kEnd && open_.size() < depth) to = offset_;
  }
  return all_.substr(from, to > from ? to - from : 0);
}

}  // namespace seine::web
