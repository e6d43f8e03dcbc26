// SpanFormat: how a model that reads passages is asked and how it cites: the question, the numbered
// passages, the question again; the answer is a literal run of tokens of a passage and the
// passage's number, or the one token that says "not in the passages". Numbers are a random draw, as
// in training, so that they say nothing about the order. Immutable, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {

class SpanFormat {
 public:
  // A model has one citation token for each number up to this.
  static constexpr std::size_t kCitations = 16;
  // The longest answer, in tokens.
  static constexpr std::size_t kSpanTokensMax = 48;

  // The format of this tokenizer's model; nothing if it has no such tokens.
  static std::optional<SpanFormat> of(const Tokenizer& tokenizer);

  struct Prompt {
    std::vector<TokenId> tokens;
    std::vector<std::vector<TokenId>> passages;  // as the prompt shows them
    std::vector<TokenId> citations;              // of each passage
    bool shortened = false;                      // a passage did not fit whole
  };
  // Passages are cut at their ends, the longest first, to what a context of `tokens_max` leaves
  // beside the answer. Errors: more passages than numbers, a question that leaves no room.
  base::Result<Prompt> prompt(std::string_view question, std::span<const std::string_view> passages,
                              std::uint64_t seed, std::int32_t tokens_max) const;

  TokenId refusal() const { return none_; }
  TokenId end() const { return end_; }
  // Whether an answer may begin with this token: not inside a word or a character.
  bool may_start(TokenId id) const { return may_start_[static_cast<std::size_t>(id)]; }

 private:
  explicit SpanFormat(const Tokenizer& tokenizer) : tokenizer_(&tokenizer) {}

  const Tokenizer* tokenizer_;
  TokenId question_ = 0;
  TokenId passage_ = 0;
  TokenId answer_ = 0;
  TokenId none_ = 0;
  TokenId end_ = 0;
  std::vector<TokenId> citations_;
  std::vector<bool> may_start_;
};

}  // namespace seine::engine
