// TokenizerBuilder: what the loaders share. Fills a Tokenizer step by step and checks that it is
// whole. Private to tokenizer.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {

// What SentencePiece writes in place of a space.
inline constexpr std::string_view kSpaceMark = "\u2581";

class TokenizerBuilder {
 public:
  TokenizerBuilder() : out_(new Tokenizer) {}
  Tokenizer& tokenizer() { return *out_; }

  // In order of ids. `text` of a byte-level normal token is in the GPT-2 alphabet.
  base::Result<> add_token(std::string_view text, TokenKind kind, float score, bool byte_level);
  void set_token(TokenId id, std::string_view bytes, TokenKind kind);
  // Fills ids_ and byte_ids_: call once all tokens are there.
  void index_tokens();
  // "left right" lines, or pairs, in rank order, in the alphabet of the tokens.
  base::Result<> add_merge(std::string_view left, std::string_view right);
  // Every split of a token into two tokens, ranked by `rank_of` the whole.
  template <typename RankOf>
  void add_all_splits(RankOf rank_of);
  void add_special(TokenId id, bool control, bool strip_left, bool strip_right);

  base::Result<std::shared_ptr<const Tokenizer>> finish();

 private:
  std::shared_ptr<Tokenizer> out_;
  std::vector<MergeTable::Merge> merges_;
};

template <typename RankOf>
void TokenizerBuilder::add_all_splits(RankOf rank_of) {
  for (std::size_t id = 0; id < out_->tokens_.size(); ++id) {
    const Tokenizer::Token& token = out_->tokens_[id];
    if (token.kind != TokenKind::kNormal && token.kind != TokenKind::kUserDefined) continue;
    const std::string_view bytes = token.bytes;
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      const auto left = out_->ids_.find(bytes.substr(0, cut));
      if (left == out_->ids_.end()) continue;
      const auto right = out_->ids_.find(bytes.substr(cut));
      if (right == out_->ids_.end()) continue;
      merges_.push_back({left->second, right->second, rank_of(static_cast<TokenId>(id)),
                         static_cast<TokenId>(id)});
    }
  }
}

// The GPT-2 alphabet: every byte as a printable code point.
std::string to_byte_alphabet(std::string_view bytes);
// Nothing if a code point is outside the alphabet.
std::optional<std::string> from_byte_alphabet(std::string_view text);

}  // namespace seine::engine
