// Text that goes into HTML of ours: in an element, or between double quotes in an attribute.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seine::base {

enum class HtmlPlace : std::uint8_t { kText, kAttribute };

// A parser reads back exactly `text`, but for NUL, which HTML does not have and is left out.
void append_html(std::string& out, std::string_view text, HtmlPlace place);
std::string to_html(std::string_view text, HtmlPlace place);

}  // namespace seine::base
