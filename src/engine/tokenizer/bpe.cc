#include "engine/tokenizer/bpe.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <queue>

namespace seine::engine {
namespace {

constexpr std::int32_t kNoRank = std::numeric_limits<std::int32_t>::max();
// Where scanning all ranks for the least one stops being faster than a heap.
constexpr std::size_t kShortMax = 48;

}  // namespace

MergeTable::MergeTable(std::span<const Merge> merges) {
  if (merges.empty()) return;
  const std::size_t size = std::bit_ceil(merges.size() * 2);
  slots_.assign(size, Merge{kNoToken, kNoToken, kNoRank, kNoToken});
  mask_ = size - 1;
  shift_ = 64 - std::bit_width(mask_);
  for (const Merge& merge : merges) {
    std::size_t i = slot_of(merge.left, merge.right);
    while (slots_[i].left != kNoToken &&
           (slots_[i].left != merge.left || slots_[i].right != merge.right)) {
      i = (i + 1) & mask_;
    }
    if (merge.rank < slots_[i].rank) slots_[i] = merge;
  }
}

std::vector<MergeTable::Merge> MergeTable::list() const {
  std::vector<Merge> out;
  for (const Merge& slot : slots_) {
    if (slot.left != kNoToken) out.push_back(slot);
  }
  return out;
}

void MergeTable::apply(std::vector<TokenId>& symbols) const {
  if (symbols.size() < 2) return;
  if (symbols.size() <= kShortMax) {
    apply_short(symbols);
  } else {
    apply_long(symbols);
  }
}

void MergeTable::apply_plain(std::vector<TokenId>& symbols) const {
  while (true) {
    const Merge* best = nullptr;
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const Merge* found = find(symbols[i], symbols[i + 1]);
      if (found == nullptr || (best != nullptr && found->rank >= best->rank)) continue;
      best = found;
      at = i;
    }
    if (best == nullptr) return;
    symbols[at] = best->merged;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

void MergeTable::apply_short(std::vector<TokenId>& symbols) const {
  std::int32_t ranks[kShortMax];
  TokenId merged[kShortMax];
  const auto look = [&](std::size_t i) {
    const Merge* found = find(symbols[i], symbols[i + 1]);
    ranks[i] = found == nullptr ? kNoRank : found->rank;
    merged[i] = found == nullptr ? kNoToken : found->merged;
  };
  std::size_t count = symbols.size();
  for (std::size_t i = 0; i + 1 < count; ++i) look(i);
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (ranks[i] < ranks[best]) best = i;
    }
    if (ranks[best] == kNoRank) break;
    symbols[best] = merged[best];
    --count;
    for (std::size_t i = best + 1; i < count; ++i) symbols[i] = symbols[i + 1];
    for (std::size_t i = best + 1; i + 1 < count; ++i) {
      ranks[i] = ranks[i + 1];
      merged[i] = merged[i + 1];
    }
    if (best > 0) look(best - 1);
    if (best + 1 < count) look(best);
  }
  symbols.resize(count);
}

void MergeTable::apply_long(std::vector<TokenId>& symbols) const {
  constexpr std::uint32_t kEnd = std::numeric_limits<std::uint32_t>::max();
  struct Node {
    std::uint32_t previous;
    std::uint32_t next;
  };
  struct Candidate {
    std::int32_t rank;
    std::uint32_t at;
    TokenId left;
    TokenId right;
    TokenId merged;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };
  const auto count = static_cast<std::uint32_t>(symbols.size());
  std::vector<Node> nodes(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    nodes[i] = {i == 0 ? kEnd : i - 1, i + 1 == count ? kEnd : i + 1};
  }
  std::vector<Candidate> candidates;
  const auto candidate = [&](std::uint32_t at, auto&& take) {
    if (at == kEnd || nodes[at].next == kEnd) return;
    const Merge* found = find(symbols[at], symbols[nodes[at].next]);
    if (found != nullptr)
      take(Candidate{found->rank, at, found->left, found->right, found->merged});
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    candidate(i, [&](const Candidate& c) { candidates.push_back(c); });
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap(
      std::greater<>{}, std::move(candidates));
  while (!heap.empty()) {
    const Candidate best = heap.top();
    heap.pop();
    const std::uint32_t right = nodes[best.at].next;
    // Stale when either side has been merged since; a dead node holds no token.
    if (symbols[best.at] != best.left || right == kEnd || symbols[right] != best.right) continue;
    symbols[best.at] = best.merged;
    symbols[right] = kNoToken;
    nodes[best.at].next = nodes[right].next;
    if (nodes[right].next != kEnd) nodes[nodes[right].next].previous = best.at;
    candidate(nodes[best.at].previous, [&](const Candidate& c) { heap.push(c); });
    candidate(best.at, [&](const Candidate& c) { heap.push(c); });
  }
  // Only nodes still in the list survive: a merged-away one may not be told by its token alone.
  std::size_t out = 0;
  for (std::uint32_t i = 0; i != kEnd; i = nodes[i].next) symbols[out++] = symbols[i];
  symbols.resize(out);
}

PieceCache::PieceCache(std::size_t slots)
    : slots_(std::bit_ceil(std::max<std::size_t>(slots, 1))) {}

PieceCache::Key PieceCache::key_of(std::string_view piece) const {
  Key key{};
  std::memcpy(key.words, piece.data(), piece.size());
  std::uint64_t hash = (key.words[0] ^ piece.size()) * 0x9E3779B97F4A7C15u;
  hash = (hash ^ (hash >> 32) ^ key.words[1]) * 0xD6E8FEB86659FD93u;
  key.slot = static_cast<std::size_t>(hash ^ (hash >> 32)) & (slots_.size() - 1);
  return key;
}

std::span<const TokenId> PieceCache::find(std::string_view piece, Rule rule) const {
  if (piece.size() > kKeyMax) return {};
  const Key key = key_of(piece);
  const Slot& slot = slots_[key.slot];
  if (slot.length != piece.size() || slot.rule != rule || slot.key[0] != key.words[0] ||
      slot.key[1] != key.words[1]) {
    return {};
  }
  return {slot.tokens, slot.count};
}

void PieceCache::store(std::string_view piece, Rule rule, std::span<const TokenId> tokens) {
  if (piece.size() > kKeyMax || tokens.size() > kTokensMax || piece.empty()) return;
  const Key key = key_of(piece);
  Slot& slot = slots_[key.slot];
  slot.key[0] = key.words[0];
  slot.key[1] = key.words[1];
  slot.length = static_cast<std::uint8_t>(piece.size());
  slot.rule = rule;
  slot.count = static_cast<std::uint8_t>(tokens.size());
  std::ranges::copy(tokens, slot.tokens);
}

}  // namespace seine::engine
