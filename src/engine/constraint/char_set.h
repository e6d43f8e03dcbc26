// CharSet: a set of Unicode scalar values as sorted ranges, and its way into a grammar as the bytes
// of UTF-8. Surrogates are never in it. A plain value.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/constraint/grammar.h"

namespace seine::engine {

class CharSet {
 public:
  struct Range {
    char32_t low;
    char32_t high;
    bool operator==(const Range&) const = default;
  };

  static CharSet all();
  static CharSet of(char32_t low, char32_t high) {
    CharSet out;
    out.add(low, high);
    return out;
  }

  void add(char32_t low, char32_t high);
  void add(char32_t point) { add(point, point); }
  void merge(const CharSet& other);
  CharSet complement() const;
  CharSet intersect(const CharSet& other) const;
  CharSet minus(const CharSet& other) const { return intersect(other.complement()); }

  bool test(char32_t point) const;
  bool empty() const { return ranges_.empty(); }
  const std::vector<Range>& ranges() const { return ranges_; }

  // One code point of the set in UTF-8, then `next`. The nodes are a tree by leading bytes, so no
  // byte ever has two ways to go.
  Grammar::NodeId emit(Grammar& grammar, Grammar::NodeId next) const;

 private:
  std::vector<Range> ranges_;  // sorted, apart, not adjacent
};

}  // namespace seine::engine
