// The tokenizer of the HTML Standard (section 13.2.5) over a whole text in memory. One token per
// call of next(); the tree builder switches its mode between calls. Slices of the source wherever
// the source says it literally, else of the arena. Input is UTF-8; line ends are normalised here.
// Parse errors are not reported: every input has one meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/extract/html/arena.h"
#include "web/extract/html/dom.h"
#include "web/extract/html/tags.h"

namespace seine::web::html {

enum class TokenType : std::uint8_t { kDoctype, kStartTag, kEndTag, kComment, kText, kEnd };

struct Token {
  TokenType type = TokenType::kEnd;
  Tag tag = Tag::kUnknown;
  bool self_closing = false;
  bool force_quirks = false;
  bool is_null = false;      // kText: the text is one U+0000, which each mode treats its own way
  std::uint32_t offset = 0;  // where in the source it starts
  std::string_view name;     // tag, doctype
  std::string_view text;     // text, comment
  std::vector<Attribute> attributes;  // of the last start tag; reused between calls
  std::optional<std::string_view> public_id;
  std::optional<std::string_view> system_id;
};

// How text is read: the states a tree builder can switch to.
enum class TextMode : std::uint8_t { kData, kRcdata, kRawtext, kScript, kPlaintext, kCdata };

class Tokenizer {
 public:
  static constexpr std::size_t kAttributesMax = 256;  // of one tag; more are read and dropped

  Tokenizer(std::string_view source, Arena& arena) : source_(source), arena_(arena) {}

  // `last_start_tag` closes RCDATA, RAWTEXT and script text.
  void set_mode(TextMode mode, std::string_view last_start_tag);
  void set_mode(TextMode mode) { mode_ = mode; }
  // Whether "<![CDATA[" starts a section: the adjusted current node is not an HTML element.
  void allow_cdata(bool allow) { cdata_allowed_ = allow; }

  // The reference stays valid until the next call.
  Token& next();

 private:
  bool read_text();  // up to markup; false when there was none
  void emit_text(std::size_t from, std::size_t to);
  bool read_special(char c);    // '&', CR, NUL at at_: one text token of a few bytes
  bool read_markup();           // at '<'; false when the '<' is text
  bool read_tag(bool end_tag);  // behind '<' or '</', at a letter; false at the end of input
  void read_attributes(bool keep);
  void add_attribute(std::string_view name, std::string_view value);
  std::string_view read_attribute_value();
  void read_comment();  // behind "<!--"
  void read_bogus_comment(std::size_t from);
  void read_doctype();  // behind "<!doctype"
  std::string_view read_doctype_id(char quote, bool& abrupt);
  void read_raw_text();  // RCDATA, RAWTEXT, script
  std::size_t raw_text_end() const;
  bool is_appropriate_end_tag(std::size_t at) const;
  std::string_view name_slice(std::size_t from, std::size_t to);  // lower case, NUL replaced
  std::string_view text_slice(std::size_t from, std::size_t to);  // CR and NUL replaced
  bool at_space() const;
  void skip_space();
  char peek() const { return at_ < source_.size() ? source_[at_] : '\0'; }
  bool ended() const { return at_ >= source_.size(); }

  std::string_view source_;
  Arena& arena_;
  std::size_t at_ = 0;
  TextMode mode_ = TextMode::kData;
  bool cdata_allowed_ = false;
  std::size_t raw_end_ = 0;  // where the raw text being read ends; valid while raw_known_
  bool raw_known_ = false;
  std::string last_start_tag_;
  std::string scratch_;
  Token token_;
};

}  // namespace seine::web::html
