// Words and lines that a layout has parted, made one text again: words are parted by a space, Han
// and what stands in it are not, but for words in Latin. Pure; the parts are UTF-8 and not empty.
#pragma once

#include <string>
#include <string_view>

namespace seine::web {

void append_word(std::string& text, std::string_view next);
// A word broken at the end of the line before is made whole.
void append_line(std::string& text, std::string_view next);

}  // namespace seine::web
