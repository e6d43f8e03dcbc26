// Byte-pair merging: a flat table of (left, right) -> (rank, merged), the merge loop over one
// piece, and a cache of pieces already merged. The table is immutable and any thread's; a cache
// belongs to one thread. A piece of n symbols costs O(n log n) at worst.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace seine::engine {

using TokenId = std::int32_t;
inline constexpr TokenId kNoToken = -1;

class MergeTable {
 public:
  struct Merge {
    TokenId left;
    TokenId right;
    std::int32_t rank;  // lower goes first; equal ranks: leftmost first
    TokenId merged;
  };
  MergeTable() = default;
  // A pair that occurs twice keeps its lowest rank.
  explicit MergeTable(std::span<const Merge> merges);

  const Merge* find(TokenId left, TokenId right) const {
    if (slots_.empty()) return nullptr;
    for (std::size_t i = slot_of(left, right);; i = (i + 1) & mask_) {
      const Merge& slot = slots_[i];
      if (slot.left == left && slot.right == right) return &slot;
      if (slot.left == kNoToken) return nullptr;
    }
  }
  // All merges, unordered.
  std::vector<Merge> list() const;

  // Merges the symbols until no pair is in the table.
  void apply(std::vector<TokenId>& symbols) const;
  // The same by the definition, one merge after the other: O(n^2), the measure of apply().
  void apply_plain(std::vector<TokenId>& symbols) const;

 private:
  std::size_t slot_of(TokenId left, TokenId right) const {
    const std::uint64_t key =
        std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15u) >> shift_) & mask_;
  }
  void apply_short(std::vector<TokenId>& symbols) const;
  void apply_long(std::vector<TokenId>& symbols) const;

  std::vector<Merge> slots_;
  std::size_t mask_ = 0;
  int shift_ = 0;
};

// Direct-mapped: a piece that collides replaces the other. Long pieces are not kept.
class PieceCache {
 public:
  // What the tokens are: those that merges make, or the piece's own token before any merge.
  enum class Rule : std::uint8_t { kMerges, kWholeFirst };
  // Rounded up to a power of two; 48 bytes each.
  explicit PieceCache(std::size_t slots = 1 << 15);

  // The tokens of `piece`, empty if it is not held.
  std::span<const TokenId> find(std::string_view piece, Rule rule) const;
  void store(std::string_view piece, Rule rule, std::span<const TokenId> tokens);

 private:
  static constexpr std::size_t kKeyMax = 16;
  static constexpr std::size_t kTokensMax = 6;
  struct Slot {
    std::uint64_t key[2];
    std::uint8_t length;  // 0: empty
    Rule rule;
    std::uint8_t count;
    TokenId tokens[kTokensMax];
  };
  struct Key {
    std::uint64_t words[2];
    std::size_t slot;
  };
  Key key_of(std::string_view piece) const;

  std::vector<Slot> slots_;
};

}  // namespace seine::engine
