// Markdown to the words a person reads: links and images become their text, emphasis and escapes
// go. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seine::answer {

// White space is collapsed; table pipes stay as separators.
std::string plain_text(std::string_view markdown);

// About how many tokens a model makes of a text: 4 bytes of Latin, 0.7 of a Han character.
std::uint32_t estimate_tokens(std::string_view text);

}  // namespace seine::answer
