// Character references (HTML Standard, section 13.2.5.72). Pure functions over bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace seine::web::html {

// `text` starts at '&'. Appends what the reference stands for and returns the bytes it covers;
// returns 0 and appends nothing when the ampersand stands for itself.
std::size_t decode_reference(std::string_view text, bool in_attribute, std::string& out);

// All references of a text decoded as in an attribute value.
std::string decode_references(std::string_view text);

}  // namespace seine::web::html
