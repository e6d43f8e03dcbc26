// CSS selectors of types, classes, ids and attributes joined by descendant and child combinators.
// Anything else (pseudo-classes, siblings, namespaces) is refused, so that a rule that is not
// understood never matches. Slices of the text given, which outlives them. Pure, one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "web/extract/html/dom.h"

namespace seine::web::css {

class Selector {
 public:
  struct Attribute {
    std::string_view name, value;
    char op = 0;  // 0: present; '=', '^', '$', '*', '~', '|'
  };
  struct Simple {  // one compound selector
    std::string_view tag;
    std::string_view id;
    std::vector<std::string_view> classes;
    std::vector<Attribute> attributes;
    bool child = false;  // joined to the compound on its left by '>'
  };

  // One selector, no list.
  static std::optional<Selector> parse(std::string_view text);
  bool matches(const html::Node* element) const;
  std::uint32_t specificity() const;
  const Simple& last() const { return parts_.back(); }

 private:
  static bool matches(const Simple& simple, const html::Node* element);

  std::vector<Simple> parts_;  // left to right, at least one
};

// "a, b > c". INVALID_ARGUMENT names the part that is none.
base::Result<std::vector<Selector>> parse_selector_list(std::string_view text);

}  // namespace seine::web::css
