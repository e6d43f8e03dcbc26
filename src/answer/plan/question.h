// What a question says about itself, by rules in English and Chinese: its language, the words that
// carry it, what kind of thing answers it, how fresh that must be, and whether the web is needed at
// all. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/language.h"

namespace seine::answer {

enum class AnswerKind : std::uint8_t { kOther, kNumber, kDate, kPerson, kPlace, kReason, kYesNo };

struct Question {
  std::string text;
  base::Language language = base::Language::kEnglish;
  // Without question words and politeness: what a source would share with it.
  std::string keywords;
  // Words that a source may use for what is asked: "how long" is a length.
  std::string related = {};
  AnswerKind kind = AnswerKind::kOther;
  bool fresh = false;  // asks for the state of now ("latest", "今天")
  std::optional<std::chrono::days> max_age = {};
  bool needs_sources = true;      // false: small talk, writing, translating, arithmetic
  std::vector<std::string> urls;  // http addresses that the question names
};

Question analyse_question(std::string_view text, std::optional<base::Language> language = {});

// Chinese when Han characters make up a good part of the letters.
base::Language language_of_text(std::string_view text);

}  // namespace seine::answer
