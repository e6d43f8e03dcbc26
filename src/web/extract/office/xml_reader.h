// XmlReader: a pull reader of XML text in UTF-8, forgiving as feeds need it: ends that match
// nothing are passed over, elements left open are closed. It knows no DTD: a DOCTYPE is skipped
// with its inner subset and no entity is ever defined, so nothing can multiply or be fetched. One
// pass, no recursion, memory by the depth alone; the text outlives the reader. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seine::web {

class XmlReader {
 public:
  enum class Event : std::uint8_t { kStart, kEnd, kText, kDone };
  // Deeper documents end there, damaged.
  static constexpr std::size_t kDepthMax = 256;

  explicit XmlReader(std::string_view text) : all_(text) {}

  Event next();

  // Of the element that started or ended: "w:p", "p", "w".
  std::string_view name() const { return name_; }
  std::string_view local() const;
  std::string_view prefix() const;
  // Of the element that started, by its local name; references decoded.
  std::optional<std::string> attribute(std::string_view local) const;
  // The same by the whole name, for attributes that differ in the prefix only.
  std::optional<std::string> attribute_named(std::string_view name) const;
  // Of kText, references decoded.
  std::string text() const;

  std::size_t offset() const { return offset_; }  // byte where the event starts
  std::size_t depth() const { return open_.size(); }
  bool damaged() const { return damaged_; }

  // After kStart: on to its end, which is consumed.
  void skip();
  // The same, giving the text of everything inside, cut at `bytes_max`.
  std::string inner_text(std::size_t bytes_max);
  // The same as it stands between the tags.
  std::string_view inner_markup();

 private:
  Event start_tag();
  Event end_tag();
  Event close();
  bool skip_past(std::string_view mark);
  void skip_doctype();

  std::string_view all_;
  std::size_t at_ = 0;
  std::size_t offset_ = 0;
  std::vector<std::string_view> open_;
  std::size_t closing_to_ = 0;  // depth down to which pending ends go
  bool closing_ = false;
  bool verbatim_ = false;  // the text is CDATA
  bool damaged_ = false;
  std::string_view name_;
  std::string_view attributes_;
  std::string_view text_;
};

}  // namespace seine::web
