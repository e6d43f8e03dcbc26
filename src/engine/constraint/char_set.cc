#include "engine/constraint/char_set.h"

#include <algorithm>
#include <map>
#include <utility>

namespace seine::engine {
namespace {

constexpr char32_t kLast = 0x10FFFF;

using Range = CharSet::Range;

// Emits what follows a leading byte: values of 6 bits a byte, equal tails shared.
class TailEmitter {
 public:
  TailEmitter(Grammar& grammar, Grammar::NodeId next) : grammar_(grammar), next_(next) {}

  // `ranges` hold values below 1 << 6 * bytes, sorted and apart.
  Grammar::NodeId emit(int bytes, const std::vector<std::pair<char32_t, char32_t>>& ranges) {
    if (bytes == 0) return next_;
    const auto [at, added] = known_.try_emplace({bytes, ranges}, Grammar::kEnd);
    if (!added) return at->second;
    const Grammar::NodeId node = branch(bytes, ranges, 0x80);
    known_[{bytes, ranges}] = node;
    return node;
  }

  // The byte that holds the bits above 6 * (bytes - 1), offset by `base`, then the tails.
  Grammar::NodeId branch(int bytes, const std::vector<std::pair<char32_t, char32_t>>& ranges,
                         unsigned base) {
    const int shift = 6 * (bytes - 1);
    const char32_t low_bits = (char32_t{1} << shift) - 1;
    std::map<char32_t, std::vector<std::pair<char32_t, char32_t>>> by_lead;
    for (const auto& [low, high] : ranges) {
      for (char32_t lead = low >> shift; lead <= high >> shift; ++lead) {
        by_lead[lead].emplace_back(lead == low >> shift ? low & low_bits : 0,
                                   lead == high >> shift ? high & low_bits : low_bits);
      }
    }
    std::map<Grammar::NodeId, ByteSet> by_tail;
    for (const auto& [lead, tails] : by_lead) {
      by_tail[emit(bytes - 1, tails)].add(static_cast<std::uint8_t>(base + lead));
    }
    std::vector<Grammar::NodeId> nodes;
    nodes.reserve(by_tail.size());
    for (const auto& [tail, set] : by_tail) nodes.push_back(grammar_.bytes(set, tail));
    return grammar_.alternatives(nodes);
  }

 private:
  Grammar& grammar_;
  Grammar::NodeId next_;
  std::map<std::pair<int, std::vector<std::pair<char32_t, char32_t>>>, Grammar::NodeId> known_;
};

}  // namespace

CharSet CharSet::all() {
  return of(0, kLast);
}

void CharSet::add(char32_t low, char32_t high) {
  high = std::min(high, kLast);
  if (low <= 0xDFFF && high >= 0xD800) {
    if (low < 0xD800) add(low, 0xD7FF);
    if (high > 0xDFFF) add(0xE000, high);
    return;
  }
  if (low > high) return;
  // The ranges that touch the new one become part of it.
  const auto first = std::ranges::partition_point(
      ranges_, [&](const Range& range) { return range.high + 1 < low; });
  const auto last = std::partition_point(first, ranges_.end(),
                                         [&](const Range& range) { return range.low <= high + 1; });
  if (first != last) {
    low = std::min(low, first->low);
    high = std::max(high, (last - 1)->high);
  }
  const auto at = ranges_.erase(first, last);
  ranges_.insert(at, {low, high});
}

void CharSet::merge(const CharSet& other) {
  for (const Range& range : other.ranges_) add(range.low, range.high);
}

CharSet CharSet::complement() const {
  CharSet out;
  char32_t from = 0;
  for (const Range& range : ranges_) {
    if (range.low > from) out.add(from, range.low - 1);
    from = range.high + 1;
  }
  if (from <= kLast) out.add(from, kLast);
  return out;
}

CharSet CharSet::intersect(const CharSet& other) const {
  CharSet out;
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < ranges_.size() && k < other.ranges_.size()) {
    const Range& a = ranges_[i];
    const Range& b = other.ranges_[k];
    const char32_t low = std::max(a.low, b.low);
    const char32_t high = std::min(a.high, b.high);
    if (low <= high) out.add(low, high);
    (a.high < b.high ? i : k) += 1;
  }
  return out;
}

bool CharSet::test(char32_t point) const {
  const auto at =
      std::ranges::partition_point(ranges_, [&](const Range& range) { return range.high < point; });
  return at != ranges_.end() && at->low <= point;
}

Grammar::NodeId CharSet::emit(Grammar& grammar, Grammar::NodeId next) const {
  struct Length {
    char32_t low;
    char32_t high;
    int tail_bytes;
    unsigned base;  // of the leading byte
  };
  static constexpr Length kLengths[] = {
      {0, 0x7F, 0, 0}, {0x80, 0x7FF, 1, 0xC0}, {0x800, 0xFFFF, 2, 0xE0}, {0x10000, kLast, 3, 0xF0}};
  TailEmitter tails(grammar, next);
  std::vector<Grammar::NodeId> nodes;
  for (const Length& length : kLengths) {
    std::vector<std::pair<char32_t, char32_t>> ranges;
    for (const Range& range : ranges_) {
      const char32_t low = std::max(range.low, length.low);
      const char32_t high = std::min(range.high, length.high);
      if (low <= high) ranges.emplace_back(low, high);
    }
    if (ranges.empty()) continue;
    nodes.push_back(tails.branch(length.tail_bytes + 1, ranges, length.base));
  }
  return grammar.alternatives(nodes);
}

}  // namespace seine::engine
