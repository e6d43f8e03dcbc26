// PreTokenizer: cuts text into the pieces that merges never cross, by the stages of a tokenizer's
// definition applied in turn. Hand-written scanners stand for the known patterns; an unknown one is
// an error when the tokenizer is loaded, never a wrong split. Immutable, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seine::engine {

// End of the match that starts exactly at `at` in `piece`; `at` when there is none.
using MatchAt = std::size_t (*)(std::string_view piece, std::size_t at);

class PreTokenizer {
 public:
  // By `tokenizer.ggml.pre`: deepseek-llm, deepseek-coder, deepseek-v3, qwen2, deepseek-r1-qwen,
  // llama-bpe (llama3, llama-v3), gpt-2 (default), seine-mini.
  static base::Result<PreTokenizer> of_name(std::string_view name);

  PreTokenizer() = default;  // no stages: the text is one piece
  // A stage of a tokenizer.json: a pattern in the exact spelling of a known tokenizer.
  base::Result<> add_regex(std::string_view pattern);
  void add_literal(std::string_view text);
  void add_digits(bool one_by_one);
  void add_gpt2();

  // Appends the end offset of each piece of `text`.
  void split(std::string_view text, std::vector<std::size_t>& ends) const;

  // The name that of_name would take for these stages; nothing for a combination it has no name
  // for.
  std::optional<std::string_view> name() const;

 private:
  void add(MatchAt match);

  struct Stage {
    MatchAt match = nullptr;
    std::uint16_t starts = 0;  // classes of points that a match starts with, 0: any
    std::string literal;       // when match is null
    bool operator==(const Stage&) const = default;
  };
  std::vector<Stage> stages_;
};

}  // namespace seine::engine
