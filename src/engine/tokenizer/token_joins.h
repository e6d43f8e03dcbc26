// TokenJoins: where a piece falls apart before any merge. Between two characters, at least one of
// them past ASCII, that stand side by side in no token, no merge can ever reach across: the parts
// are merged each for itself and give the same tokens. Chinese is written
// without spaces, so that a sentence is one piece, but its parts are words of one to three
// characters, which repeat and are short. Filled while a tokenizer is built, then immutable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace seine::engine {

class TokenJoins {
 public:
  TokenJoins();
  void add(std::string_view token);
  // The end of the part of `piece` that starts at `begin` < piece.size().
  std::size_t part_end(std::string_view piece, std::size_t begin) const;

 private:
  struct Place {
    std::size_t word;
    std::uint64_t bits;
  };
  static Place place_of(std::string_view bytes, std::size_t at, unsigned left, unsigned right,
                        unsigned kind);
  bool holds(const Place& place) const { return (filter_[place.word] & place.bits) == place.bits; }
  void insert(const Place& place) { filter_[place.word] |= place.bits; }
  bool joined(std::string_view piece, std::size_t at) const;

  // By the bytes on both sides of a join: bit 3 * left + right is set where some token has
  // `left` + 1 bytes before that join and `right` + 1 behind it, 2 standing for all from three up.
  std::vector<std::uint16_t> shapes_;
  // A Bloom filter of those bytes, up to three on either side. Its errors join what could be cut.
  std::vector<std::uint64_t> filter_;
};

}  // namespace seine::engine
