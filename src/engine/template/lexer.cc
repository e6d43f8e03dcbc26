#include "engine/template/lexer.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace seine::engine::jinja {
namespace {

using base::Code;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Longest first.
constexpr std::array<std::string_view, 27> kOperators = {
    "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">",
    "=",  "(",  ")",  "[",  "]",  "{",  "}", ",", ".", ":", "|", ";", "!"};

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {
    // Jinja keeps no newline at the very end.
    if (source_.ends_with('\n')) source_.remove_suffix(1);
    if (source_.ends_with('\r')) source_.remove_suffix(1);
  }

  base::Result<std::vector<Token>> run() {
    while (at_ < source_.size()) SEINE_CHECK(data());
    tokens_.push_back({TokenKind::kEnd, line_, ""});
    return std::move(tokens_);
  }

 private:
  bool at(std::string_view what) const { return source_.substr(at_).starts_with(what); }

  std::unexpected<base::Error> error(std::uint32_t line, std::string_view what) const {
    return base::fail(Code::kInvalidArgument, "template, line {}: {}", line, what);
  }

  void advance(std::size_t count) {
    line_ += static_cast<std::uint32_t>(std::ranges::count(source_.substr(at_, count), '\n'));
    at_ += count;
  }

  void add_data(std::string_view text) {
    if (!text.empty()) tokens_.push_back({TokenKind::kData, line_, std::string(text)});
  }

  // Text up to the next tag, then the tag.
  base::Result<> data() {
    std::size_t open = at_;
    while (true) {
      open = source_.find('{', open);
      if (open == std::string_view::npos || open + 1 >= source_.size()) {
        open = source_.size();
        break;
      }
      const char next = source_[open + 1];
      if (next == '%' || next == '{' || next == '#') break;
      ++open;
    }
    std::string_view text = source_.substr(at_, open - at_);
    if (open == source_.size()) {
      add_data(text);
      advance(text.size());
      return {};
    }
    const char kind = source_[open + 1];
    const char sign = open + 2 < source_.size() ? source_[open + 2] : ' ';
    const std::size_t length = text.size();
    if (sign == '-') {
      while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    } else if (sign != '+' && kind != '{') {
      // lstrip_blocks: white space between the start of a line and a block goes.
      std::string_view kept = text;
      while (!kept.empty() && (kept.back() == ' ' || kept.back() == '\t')) kept.remove_suffix(1);
      const bool line_start = kept.empty() ? at_line_start_ : kept.back() == '\n';
      if (line_start) text = kept;
    }
    add_data(text);
    advance(length);
    const bool signed_open = sign == '-' || (sign == '+' && kind != '#');
    const std::uint32_t line = line_;
    if (kind == '#') return comment(line);
    advance(signed_open ? 3 : 2);
    if (kind == '%' && raw_follows()) return raw(line);
    tokens_.push_back(
        {kind == '%' ? TokenKind::kStatementBegin : TokenKind::kOutputBegin, line, ""});
    return tag(kind == '%', line);
  }

  base::Result<> comment(std::uint32_t line) {
    const std::size_t close = source_.find("#}", at_ + 2);
    if (close == std::string_view::npos) return error(line, "'{#' without '#}'");
    const char sign = source_[close - 1];
    const bool trims = sign == '-' && close - 1 >= at_ + 2;
    advance(close + 2 - at_);
    after_block(trims, true, sign == '+');
    return {};
  }

  // What follows a closing tag: '-' takes all white space, a block or comment one newline.
  void after_block(bool trims_all, bool trims_newline, bool keeps) {
    at_line_start_ = false;
    if (trims_all) {
      std::size_t count = 0;
      while (at_ + count < source_.size() && is_space(source_[at_ + count])) ++count;
      advance(count);
    } else if (trims_newline && !keeps) {
      if (at("\r\n")) {
        advance(2);
        at_line_start_ = true;
      } else if (at("\n")) {
        advance(1);
        at_line_start_ = true;
      }
    }
  }

  bool raw_follows() const {
    std::size_t i = at_;
    while (i < source_.size() && is_space(source_[i])) ++i;
    if (!source_.substr(i).starts_with("raw")) return false;
    i += 3;
    while (i < source_.size() && is_space(source_[i])) ++i;
    if (source_.substr(i).starts_with("-%}")) return true;
    return source_.substr(i).starts_with("%}");
  }

  base::Result<> raw(std::uint32_t line) {
    const std::size_t close = source_.find("%}", at_);
    const bool trims = source_[close - 1] == '-';
    advance(close + 2 - at_);
    after_block(trims, true, false);
    // The end: {% endraw %} with any signs.
    for (std::size_t open = at_;; ++open) {
      open = source_.find("{%", open);
      if (open == std::string_view::npos) return error(line, "'raw' without 'endraw'");
      std::size_t i = open + 2;
      const bool trims_before = i < source_.size() && source_[i] == '-';
      if (trims_before || (i < source_.size() && source_[i] == '+')) ++i;
      while (i < source_.size() && is_space(source_[i])) ++i;
      if (!source_.substr(i).starts_with("endraw")) continue;
      i += 6;
      while (i < source_.size() && is_space(source_[i])) ++i;
      const bool trims_after = source_.substr(i).starts_with('-');
      if (trims_after) ++i;
      if (!source_.substr(i).starts_with("%}")) continue;
      std::string_view text = source_.substr(at_, open - at_);
      if (trims_before) {
        while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
      } else {
        std::string_view kept = text;
        while (!kept.empty() && (kept.back() == ' ' || kept.back() == '\t')) kept.remove_suffix(1);
        if (kept.ends_with('\n')) text = kept;
      }
      add_data(text);
      advance(i + 2 - at_);
      after_block(trims_after, true, false);
      return {};
    }
  }

  base::Result<> tag(bool statement, std::uint32_t line) {
    const std::string_view close = statement ? "%}" : "}}";
    // Brackets that are open: "}}" inside a mapping closes the mapping.
    std::string open;
    while (true) {
      while (at_ < source_.size() && is_space(source_[at_])) advance(1);
      if (at_ >= source_.size()) {
        return error(line, statement ? "'{%' without '%}'" : "'{{' without '}}'");
      }
      const bool minus = at("-") && source_.substr(at_ + 1).starts_with(close);
      const bool plus = at("+") && source_.substr(at_ + 1).starts_with(close);
      if (open.empty() && (minus || plus || at(close))) {
        tokens_.push_back(
            {statement ? TokenKind::kStatementEnd : TokenKind::kOutputEnd, line_, ""});
        advance(close.size() + (minus || plus ? 1 : 0));
        after_block(minus, statement, plus);
        return {};
      }
      SEINE_CHECK(word(open));
    }
  }

  base::Result<> word(std::string& open) {
    const char c = source_[at_];
    if (starts_name(c)) {
      std::size_t end = at_;
      while (end < source_.size() && (starts_name(source_[end]) || is_digit(source_[end]))) ++end;
      take(TokenKind::kName, end - at_);
      return {};
    }
    if (is_digit(c)) {
      number();
      return {};
    }
    if (c == '"' || c == '\'') return string(c);
    for (const std::string_view op : kOperators) {
      if (!at(op)) continue;
      if (op == "(" || op == "[" || op == "{") open += c;
      if (op == ")" || op == "]" || op == "}") {
        const char opening = op == ")" ? '(' : op == "]" ? '[' : '{';
        if (open.empty() || open.back() != opening) {
          return error(line_, fmt::format("'{}' closes nothing", op));
        }
        open.pop_back();
      }
      take(TokenKind::kOperator, op.size());
      return {};
    }
    return error(line_, fmt::format("unexpected '{}'", c));
  }

  void take(TokenKind kind, std::size_t length) {
    tokens_.push_back({kind, line_, std::string(source_.substr(at_, length))});
    at_ += length;
  }

  void number() {
    std::size_t end = at_;
    TokenKind kind = TokenKind::kInteger;
    while (end < source_.size() && (is_digit(source_[end]) || source_[end] == '_')) ++end;
    if (end + 1 < source_.size() && source_[end] == '.' && is_digit(source_[end + 1])) {
      kind = TokenKind::kFloat;
      ++end;
      while (end < source_.size() && is_digit(source_[end])) ++end;
    }
    if (end < source_.size() && (source_[end] == 'e' || source_[end] == 'E')) {
      std::size_t power = end + 1;
      if (power < source_.size() && (source_[power] == '+' || source_[power] == '-')) ++power;
      if (power < source_.size() && is_digit(source_[power])) {
        kind = TokenKind::kFloat;
        end = power;
        while (end < source_.size() && is_digit(source_[end])) ++end;
      }
    }
    take(kind, end - at_);
    std::erase(tokens_.back().text, '_');
  }

  base::Result<> string(char quote) {
    const std::uint32_t line = line_;
    std::string text;
    std::size_t i = at_ + 1;
    for (;; ++i) {
      if (i >= source_.size()) return error(line, "a string without its closing quote");
      const char c = source_[i];
      if (c == quote) break;
      if (c != '\\' || i + 1 >= source_.size()) {
        text += c;
        continue;
      }
      ++i;
      i = escape(i, text);
    }
    advance(i + 1 - at_);
    tokens_.push_back({TokenKind::kString, line, std::move(text)});
    return {};
  }

  // The escape whose letter is at `i`; where its last byte is.
  std::size_t escape(std::size_t i, std::string& text) const {
    static constexpr std::string_view kLetters = "nrtbfva0\\'\"\n";
    static constexpr std::string_view kMeanings{"\n\r\t\b\f\v\a\0\\'\"\n", 12};
    const char c = source_[i];
    const std::size_t known = kLetters.find(c);
    if (c == '\n') return i;  // a line that goes on
    if (known != std::string_view::npos) {
      text += kMeanings[known];
      return i;
    }
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    char32_t point = 0;
    std::size_t count = 0;
    for (; count < digits && i + 1 + count < source_.size(); ++count) {
      const char digit = source_[i + 1 + count];
      const int value = is_digit(digit)                ? digit - '0'
                        : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                        : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                       : -1;
      if (value < 0) break;
      point = point * 16 + static_cast<char32_t>(value);
    }
    if (digits == 0 || count < digits) {
      text += '\\';
      text += c;
      return i;
    }
    base::append_utf8(text, point);
    return i + digits;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  // Nothing but taken-away text lies between the start of the line and here.
  bool at_line_start_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

base::Result<std::vector<Token>> tokenize(std::string_view source) {
  return Lexer(source).run();
}

}  // namespace seine::engine::jinja
