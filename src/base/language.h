// The two languages people read Seine in. Messages for people are written as a pair at the place
// that says them, so that a missing translation does not compile. Pure values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seine::base {

enum class Language : std::uint8_t { kEnglish, kChinese };

struct Bilingual {
  std::string_view en;
  std::string_view zh;

  constexpr std::string_view in(Language language) const {
    return language == Language::kChinese ? zh : en;
  }
};

// From the values of SEINE_LANG, LC_ALL, LC_MESSAGES and LANG in this order; the first that is set
// and not empty decides: "zh…" is Chinese, anything else English.
Language choose_language(std::string_view seine_lang, std::string_view lc_all,
                         std::string_view lc_messages, std::string_view lang);

// Columns on a terminal: Han, kana, hangul and full-width forms take two.
std::size_t display_width(std::string_view text);

}  // namespace seine::base
