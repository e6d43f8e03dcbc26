// TokenMask: one bit a token of the vocabulary, set where the token is allowed. A plain value; ids
// past its size are never allowed.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {

class TokenMask {
 public:
  TokenMask() = default;
  explicit TokenMask(std::size_t vocabulary)
      : size_(vocabulary), words_((vocabulary + 63) / 64, 0) {}

  std::size_t size() const { return size_; }
  // 64 tokens a word, the lowest id in the lowest bit; bits past size() are 0.
  std::span<const std::uint64_t> words() const { return words_; }

  bool test(TokenId id) const {
    const auto at = static_cast<std::uint32_t>(id);
    return at < size_ && (words_[at / 64] >> (at % 64) & 1) != 0;
  }
  void set(TokenId id) {
    const auto at = static_cast<std::uint32_t>(id);
    if (at < size_) words_[at / 64] |= std::uint64_t{1} << (at % 64);
  }
  void clear() { std::ranges::fill(words_, 0); }
  void set_all() {
    std::ranges::fill(words_, ~std::uint64_t{0});
    if (size_ % 64 != 0) words_.back() = (std::uint64_t{1} << (size_ % 64)) - 1;
  }
  std::size_t count() const {
    std::size_t total = 0;
    for (const std::uint64_t word : words_) total += static_cast<std::size_t>(std::popcount(word));
    return total;
  }
  // Calls visit(id) for every allowed token, ascending.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        visit(static_cast<TokenId>(i * 64 + static_cast<std::size_t>(std::countr_zero(word))));
      }
    }
  }

  bool operator==(const TokenMask&) const = default;

 private:
  std::size_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace seine::engine
