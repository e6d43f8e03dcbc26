// The hand-written scanners behind PreTokenizer, one a pattern. Each returns the end of the match
// that starts at `at`, or `at`. Private to tokenizer.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/tokenizer/char_class.h"
#include "engine/tokenizer/pre_tokenizer.h"

namespace seine::engine::scanners {

// The classes of points that a match can start with; 0 where any may.
CharClasses::Flags starts_of(MatchAt match);

std::size_t newline(std::string_view s, std::size_t at);          // [\r\n]
std::size_t number(std::string_view s, std::size_t at);           // \p{N}
std::size_t number_run(std::string_view s, std::size_t at);       // \p{N}+
std::size_t number_three(std::string_view s, std::size_t at);     // \p{N}{1,3}
std::size_t trailing_space(std::string_view s, std::size_t at);   // \s+$
std::size_t spaced_letters(std::string_view s, std::size_t at);   // \s?\p{L}+
std::size_t spaced_marks(std::string_view s, std::size_t at);     // \s?\p{P}+
std::size_t llm_letters(std::string_view s, std::size_t at);      // DeepSeek-LLM's cased letters
std::size_t llm_punctuation(std::string_view s, std::size_t at);  // DeepSeek-LLM's punctuation
std::size_t llm_asian(std::string_view s, std::size_t at);        // [一-龥ࠀ-一가-퟿]+
std::size_t v3_asian(std::string_view s, std::size_t at);         // [一-龥぀-ゟ゠-ヿ]+
std::size_t v3_words(std::string_view s, std::size_t at);         // DeepSeek-V3's alternation
std::size_t qwen2_words(std::string_view s, std::size_t at);      // digits one by one
std::size_t llama3_words(std::string_view s, std::size_t at);     // digits by up to three
std::size_t gpt2_words(std::string_view s, std::size_t at);
std::size_t mini_words(std::string_view s, std::size_t at);  // seine-mini's alternation

}  // namespace seine::engine::scanners
