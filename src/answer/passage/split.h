// Pages to passages: 200-300 tokens each, never across headings, made of whole sentences with one
// sentence of overlap. A passage keeps, for every sentence, its bytes in the page's Markdown (what
// a citation opens) and in its own plain text (what a model reads). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "answer/types.h"

namespace seine::answer {

struct Sentence {
  ByteSpan span;   // of the page's Markdown
  ByteSpan plain;  // of Passage::text
};

struct Passage {
  std::size_t page = 0;  // index of the page among those given
  std::string heading_path;
  std::string text;  // plain sentences, parted by a space (none between Han)
  std::vector<Sentence> sentences;
  std::uint32_t tokens = 0;

  std::string_view plain(const Sentence& sentence) const {
    return std::string_view(text).substr(sentence.plain.begin,
                                         sentence.plain.end - sentence.plain.begin);
  }
};

struct SplitOptions {
  std::uint32_t tokens_aim = 220;
  std::uint32_t tokens_max = 300;
  std::size_t passages_max = 400;  // of one page
};

std::vector<Passage> split_page(const Page& page, std::size_t index, SplitOptions options = {});

}  // namespace seine::answer
