// TokenTrie: the texts of a vocabulary as a flat trie in depth-first order, so that one walk with
// skips finds every token that an automaton lets through. Immutable, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/constraint/grammar.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {

class TokenTrie {
 public:
  struct Entry {
    std::string_view bytes;  // not empty
    TokenId id;
  };
  struct Node {
    std::uint8_t byte;
    std::uint16_t depth;         // 1 for the first byte
    std::uint32_t end;           // the first node that is not below this one
    std::uint32_t tokens_first;  // its own tokens are tokens()[tokens_first, tokens_own_end)
    std::uint32_t tokens_own_end;
    std::uint32_t tokens_end;  // those of all nodes below follow, until here
    std::uint32_t below;       // index into sets(): every byte on the nodes below it
  };
  // A token longer than this is left out: it could not be told apart from its parts anyway.
  static constexpr std::size_t kBytesMax = 256;

  // Normal, user-defined and byte tokens; control tokens have no text.
  static TokenTrie of(const Tokenizer& tokenizer);
  TokenTrie(std::vector<Entry> entries, std::size_t vocabulary);

  std::size_t vocabulary() const { return texts_.size(); }
  // What the token writes; empty for those that are not in the trie.
  std::string_view text(TokenId id) const {
    const auto at = static_cast<std::uint32_t>(id);
    return at < texts_.size() ? texts_[at] : std::string_view();
  }
  std::span<const Node> nodes() const { return nodes_; }
  std::span<const TokenId> tokens() const { return tokens_; }
  const ByteSet& set(std::uint32_t index) const { return sets_[index]; }

 private:
  std::vector<std::string_view> texts_;  // by id; the tokenizer owns the bytes
  std::vector<Node> nodes_;
  std::vector<TokenId> tokens_;
  std::vector<ByteSet> sets_;
};

}  // namespace seine::engine
