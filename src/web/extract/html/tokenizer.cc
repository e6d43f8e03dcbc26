#include "web/extract/html/tokenizer.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "web/extract/html/entities.h"

namespace seine::web::html {
namespace {

constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";

enum Class : std::uint8_t {
  kSpaceByte = 1,
  kTextStop = 2,       // ends a run of text: < & CR NUL
  kNameStop = 4,       // ends a tag name: space / >
  kAttrStop = 8,       // ends an attribute name: space / > =
  kUnquotedStop = 16,  // ends an unquoted value: space >
  kNeedsCopy = 32,     // in a name: upper case or NUL
  kAlpha = 64,
};

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&](std::string_view bytes, int flags) {
    for (const char c : bytes)
      table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(flags);
  };
  add(" \t\n\f\r", kSpaceByte | kNameStop | kAttrStop | kUnquotedStop);
  add("/>", kNameStop | kAttrStop);
  add("=", kAttrStop);
  add(">", kUnquotedStop);
  add("<&\r", kTextStop);
  table[0] |= kTextStop | kNeedsCopy;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] |= kNeedsCopy | kAlpha;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] |= kAlpha;
  return table;
}

constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

bool is(char c, std::uint8_t flags) {
  return (kClasses[static_cast<unsigned char>(c)] & flags) != 0;
}

}  // namespace

bool Tokenizer::at_space() const {
  return !ended() && is(source_[at_], kSpaceByte);
}

void Tokenizer::skip_space() {
  while (at_space()) ++at_;
}

void Tokenizer::set_mode(TextMode mode, std::string_view last_start_tag) {
  mode_ = mode;
  last_start_tag_ = last_start_tag;
  raw_known_ = false;
}

std::string_view Tokenizer::name_slice(std::size_t from, std::size_t to) {
  const std::string_view raw = source_.substr(from, to - from);
  if (std::ranges::none_of(raw, [](char c) { return is(c, kNeedsCopy); })) return raw;
  scratch_.clear();
  for (const char c : raw) {
    if (c == '\0') {
      scratch_ += kReplacementText;
    } else {
      scratch_.push_back(base::ascii_lower(c));
    }
  }
  return arena_.copy(scratch_);
}

std::string_view Tokenizer::text_slice(std::size_t from, std::size_t to) {
  const std::string_view raw = source_.substr(from, to - from);
  if (raw.find_first_of(std::string_view("\r\0", 2)) == std::string_view::npos) return raw;
  scratch_.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\0') {
      scratch_ += kReplacementText;
    } else if (raw[i] == '\r') {
      scratch_.push_back('\n');
      if (i + 1 < raw.size() && raw[i + 1] == '\n') ++i;
    } else {
      scratch_.push_back(raw[i]);
    }
  }
  return arena_.copy(scratch_);
}

Token& Tokenizer::next() {
  token_.attributes.clear();
  token_.self_closing = false;
  token_.is_null = false;
  while (true) {
    token_.offset = static_cast<std::uint32_t>(at_);
    if (ended()) {
      token_.type = TokenType::kEnd;
      return token_;
    }
    if (mode_ != TextMode::kData) {
      read_raw_text();
      if (token_.type != TokenType::kEnd || ended()) return token_;
      continue;  // an empty stretch of raw text
    }
    if (source_[at_] != '<') {
      if (read_text()) return token_;
      continue;
    }
    const std::size_t start = at_;
    if (!read_markup()) {
      at_ = start + 1;
      emit_text(start, at_);
      return token_;
    }
    if (token_.type != TokenType::kEnd || ended()) return token_;
    // "</>" is nothing at all.
  }
}

void Tokenizer::emit_text(std::size_t from, std::size_t to) {
  token_.type = TokenType::kText;
  token_.offset = static_cast<std::uint32_t>(from);
  token_.text = source_.substr(from, to - from);
}

bool Tokenizer::read_text() {
  const std::size_t start = at_;
  const std::size_t limit = raw_known_ ? raw_end_ : source_.size();
  const bool references = mode_ == TextMode::kData || mode_ == TextMode::kRcdata;
  const bool markup = mode_ == TextMode::kData;
  while (at_ < limit) {
    const char c = source_[at_];
    if (!is(c, kTextStop)) {
      ++at_;
      continue;
    }
    if (c == '<') {
      if (markup) break;
      ++at_;
      continue;
    }
    if (c == '&') {
      scratch_.clear();
      const std::size_t used =
          references ? decode_reference(source_.substr(at_, limit - at_), false, scratch_) : 0;
      if (used == 0) {
        ++at_;
        continue;
      }
      if (at_ > start) break;  // the reference is the next token
      emit_text(at_, at_ + used);
      token_.text = arena_.copy(scratch_);
      at_ += used;
      return true;
    }
    if (at_ > start) break;
    if (c == '\r') {
      ++at_;
      if (at_ < limit && source_[at_] == '\n') return read_text();  // once: the run starts at a LF
      emit_text(start, at_);
      token_.text = "\n";
      return true;
    }
    ++at_;
    emit_text(start, at_);
    token_.is_null = markup || mode_ == TextMode::kCdata;
    if (!token_.is_null) token_.text = kReplacementText;
    return true;
  }
  if (at_ == start) return false;
  emit_text(start, at_);
  return true;
}

bool Tokenizer::read_markup() {
  token_.type = TokenType::kEnd;
  const std::string_view rest = source_.substr(at_ + 1);
  if (rest.empty()) return false;
  if (is(rest[0], kAlpha)) {
    ++at_;
    read_tag(false);
    return true;
  }
  if (rest[0] == '/') {
    if (rest.size() == 1) return false;
    if (is(rest[1], kAlpha)) {
      at_ += 2;
      read_tag(true);
    } else if (rest[1] == '>') {
      at_ += 3;
    } else {
      at_ += 2;
      read_bogus_comment(at_);
    }
    return true;
  }
  if (rest[0] == '!') {
    if (rest.starts_with("!--")) {
      at_ += 4;
      read_comment();
    } else if (rest.size() >= 8 && base::ascii_iequals(rest.substr(1, 7), "doctype")) {
      at_ += 9;
      read_doctype();
    } else if (cdata_allowed_ && rest.starts_with("![CDATA[")) {
      at_ += 9;
      mode_ = TextMode::kCdata;
      raw_known_ = false;
      if (ended()) mode_ = TextMode::kData;
    } else {
      at_ += 2;
      read_bogus_comment(at_);
    }
    return true;
  }
  if (rest[0] == '?') {
    ++at_;
    read_bogus_comment(at_);
    return true;
  }
  return false;
}

bool Tokenizer::read_tag(bool end_tag) {
  const std::size_t start = at_;
  while (at_ < source_.size() && !is(source_[at_], kNameStop)) ++at_;
  token_.name = name_slice(start, at_);
  token_.tag = tag_from_name(token_.name);
  read_attributes(!end_tag);
  if (ended()) return false;  // the input ended inside the tag: there is no tag
  ++at_;                      // '>'
  token_.type = end_tag ? TokenType::kEndTag : TokenType::kStartTag;
  return true;
}

// Stops at the '>' or at the end of input.
void Tokenizer::read_attributes(bool keep) {
  while (true) {
    skip_space();
    if (ended() || source_[at_] == '>') return;
    if (source_[at_] == '/') {
      ++at_;
      if (peek() == '>' && !ended()) {
        token_.self_closing = true;
        return;
      }
      continue;
    }
    const std::size_t start = at_++;  // a '=' here is the first byte of a name
    while (at_ < source_.size() && !is(source_[at_], kAttrStop)) ++at_;
    const std::string_view name = name_slice(start, at_);
    skip_space();
    std::string_view value;
    if (peek() == '=' && !ended()) {
      ++at_;
      skip_space();
      if (ended()) return;
      if (source_[at_] != '>') value = read_attribute_value();
    }
    if (keep) add_attribute(name, value);
  }
}

void Tokenizer::add_attribute(std::string_view name, std::string_view value) {
  if (token_.attributes.size() >= kAttributesMax) return;
  for (const Attribute& attribute : token_.attributes) {
    if (attribute.name == name) return;
  }
  token_.attributes.push_back({name, value, AttributePrefix::kNone});
}

std::string_view Tokenizer::read_attribute_value() {
  const char quote = source_[at_];
  std::size_t start = at_;
  std::size_t end = 0;
  if (quote == '"' || quote == '\'') {
    start = at_ + 1;
    end = std::min(source_.find(quote, start), source_.size());
    at_ = std::min(end + 1, source_.size());
    if (end == source_.size()) at_ = end;
  } else {
    while (at_ < source_.size() && !is(source_[at_], kUnquotedStop)) ++at_;
    end = at_;
  }
  const std::string_view raw = source_.substr(start, end - start);
  if (raw.find('&') == std::string_view::npos) return text_slice(start, end);
  std::string value;
  for (std::size_t i = 0; i < raw.size();) {
    if (raw[i] == '&') {
      const std::size_t used = decode_reference(raw.substr(i), true, value);
      if (used > 0) {
        i += used;
        continue;
      }
    }
    if (raw[i] == '\0') {
      value += kReplacementText;
    } else if (raw[i] == '\r') {
      value.push_back('\n');
      if (i + 1 < raw.size() && raw[i + 1] == '\n') ++i;
    } else {
      value.push_back(raw[i]);
    }
    ++i;
  }
  return arena_.copy(value);
}

void Tokenizer::read_comment() {
  token_.type = TokenType::kComment;
  const std::size_t start = at_;
  const std::string_view rest = source_.substr(at_);
  if (rest.starts_with(">") || rest.starts_with("->")) {
    at_ += rest.starts_with(">") ? 1 : 2;
    token_.text = {};
    return;
  }
  for (std::size_t dashes = rest.find("--"); dashes != std::string_view::npos;
       dashes = rest.find("--", dashes + 1)) {
    const std::string_view after = rest.substr(dashes + 2);
    if (!after.starts_with(">") && !after.starts_with("!>")) continue;
    token_.text = text_slice(start, start + dashes);
    at_ = start + dashes + (after.starts_with(">") ? 3 : 4);
    return;
  }
  std::size_t end = source_.size();
  for (const std::string_view tail : {"--!", "--", "-"}) {
    if (rest.ends_with(tail)) {
      end -= tail.size();
      break;
    }
  }
  token_.text = text_slice(start, end);
  at_ = source_.size();
}

void Tokenizer::read_bogus_comment(std::size_t from) {
  token_.type = TokenType::kComment;
  const std::size_t end = std::min(source_.find('>', from), source_.size());
  token_.text = text_slice(from, end);
  at_ = std::min(end + 1, source_.size());
}

void Tokenizer::read_doctype() {
  token_.type = TokenType::kDoctype;
  token_.name = {};
  token_.public_id.reset();
  token_.system_id.reset();
  token_.force_quirks = false;
  const auto finish = [&](bool quirks) {
    token_.force_quirks = token_.force_quirks || quirks;
    at_ = std::min(source_.find('>', at_), source_.size());
    at_ = std::min(at_ + 1, source_.size());
  };
  skip_space();
  if (ended() || source_[at_] == '>') return finish(true);
  const std::size_t start = at_;
  while (!ended() && !at_space() && source_[at_] != '>') ++at_;
  token_.name = name_slice(start, at_);
  skip_space();
  if (ended()) return finish(true);
  if (source_[at_] == '>') return finish(false);
  const std::string_view keyword = source_.substr(at_, 6);
  const bool is_public = base::ascii_iequals(keyword, "public");
  if (!is_public && !base::ascii_iequals(keyword, "system")) return finish(true);
  at_ += 6;
  skip_space();
  bool abrupt = false;
  if (is_public) {
    if (ended() || (source_[at_] != '"' && source_[at_] != '\'')) return finish(true);
    token_.public_id = read_doctype_id(source_[at_], abrupt);
    if (abrupt) return finish(true);
    skip_space();
    if (ended()) return finish(true);
    if (source_[at_] == '>') return finish(false);
  }
  if (ended() || (source_[at_] != '"' && source_[at_] != '\'')) return finish(true);
  token_.system_id = read_doctype_id(source_[at_], abrupt);
  if (abrupt) return finish(true);
  skip_space();
  finish(ended());
}

// At the quote; abrupt when '>' or the end comes before the closing one.
std::string_view Tokenizer::read_doctype_id(char quote, bool& abrupt) {
  const std::size_t start = ++at_;
  while (!ended() && source_[at_] != quote && source_[at_] != '>') ++at_;
  const std::string_view id = text_slice(start, at_);
  abrupt = ended() || source_[at_] == '>';
  if (!abrupt) ++at_;
  return id;
}

bool Tokenizer::is_appropriate_end_tag(std::size_t at) const {
  const std::string_view rest = source_.substr(at);
  const std::size_t length = last_start_tag_.size();
  return rest.size() > length + 2 && rest[1] == '/' &&
         base::ascii_iequals(rest.substr(2, length), last_start_tag_) &&
         is(rest[length + 2], kNameStop);
}

// Where the text of RCDATA, RAWTEXT, script or a CDATA section ends.
std::size_t Tokenizer::raw_text_end() const {
  if (mode_ == TextMode::kPlaintext) return source_.size();
  if (mode_ == TextMode::kCdata) return std::min(source_.find("]]>", at_), source_.size());
  enum class Script : std::uint8_t { kPlain, kEscaped, kDoubleEscaped } script = Script::kPlain;
  for (std::size_t at = at_; at < source_.size(); ++at) {
    const char c = source_[at];
    if (c == '<') {
      if (script != Script::kDoubleEscaped && is_appropriate_end_tag(at)) return at;
      if (mode_ != TextMode::kScript) continue;
      const std::string_view rest = source_.substr(at);
      if (script == Script::kPlain && rest.starts_with("<!--")) {
        script = Script::kEscaped;
        at += 1;  // the dashes may already be those of "-->"
      } else if (script == Script::kEscaped && rest.size() > 7 &&
                 base::ascii_iequals(rest.substr(1, 6), "script") && is(rest[7], kNameStop)) {
        script = Script::kDoubleEscaped;
      } else if (script == Script::kDoubleEscaped && rest.size() > 8 && rest[1] == '/' &&
                 base::ascii_iequals(rest.substr(2, 6), "script") && is(rest[8], kNameStop)) {
        script = Script::kEscaped;
      }
    } else if (c == '-' && script != Script::kPlain && source_.substr(at).starts_with("-->")) {
      script = Script::kPlain;
    }
  }
  return source_.size();
}

void Tokenizer::read_raw_text() {
  token_.type = TokenType::kEnd;
  if (!raw_known_) {
    raw_end_ = raw_text_end();
    raw_known_ = true;
  }
  if (at_ < raw_end_ && read_text()) return;
  if (at_ < raw_end_ || ended()) return;
  // At the end tag, or behind a CDATA section.
  const bool section = mode_ == TextMode::kCdata;
  mode_ = TextMode::kData;
  raw_known_ = false;
  if (section) {
    at_ += 3;
    return;
  }
  at_ += 2;
  read_tag(true);
}

}  // namespace seine::web::html
