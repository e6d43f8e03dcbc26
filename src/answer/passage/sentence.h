// Where sentences end, in English and Chinese text, plain or Markdown. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "answer/types.h"

namespace seine::answer {

// Sentences of `text` in order, without the white space around them; every other byte is in exactly
// one. Longer ones than kSentenceBytesMax are cut at a clause or a word. Abbreviations, initials,
// decimal points and what stands inside a Markdown link do not end a sentence; a line end does when
// `lines` says so (lists, tables, code).
inline constexpr std::size_t kSentenceBytesMax = 1200;
std::vector<ByteSpan> split_sentences(std::string_view text, bool lines = false);

}  // namespace seine::answer
