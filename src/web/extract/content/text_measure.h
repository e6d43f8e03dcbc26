// How much text a piece of text is, counted so that languages compare: a Han or Kana character says
// as much as two Latin letters. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seine::web {

struct TextMeasure {
  std::uint32_t length = 0;     // letters and signs without white space, wide characters twice
  std::uint32_t sentences = 0;  // sentence ends
  std::uint32_t commas = 0;     // pauses inside sentences
};

TextMeasure measure_text(std::string_view text);
bool is_wide(char32_t point);  // Han, Kana, Hangul, full-width forms

// Removes what no reader sees: Unicode tag characters, zero-width characters (joiners stay between
// letters that need them), bidirectional overrides, C0 and C1 controls but tab and newline; turns
// no-break and other wide spaces into plain ones where `fold_spaces`.
std::string strip_invisible(std::string_view text);
bool has_invisible(std::string_view text);

}  // namespace seine::web
