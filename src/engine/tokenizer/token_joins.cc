#include "engine/tokenizer/token_joins.h"

#include <algorithm>
#include <bit>

namespace seine::engine {
namespace {

constexpr unsigned kSide = 3;         // bytes looked at on either side: a Chinese character
constexpr unsigned kFilterLog2 = 15;  // words of 64 bits: 256 KiB, some 20 bits a join

// Shapes with two bytes or more on both sides, nearly all. Two and two are looked for first: where
// no token has them, which is so at most cuts, one look is enough.
constexpr unsigned kNear = kSide * kSide;
constexpr unsigned kNearShapes = 0b110110000;

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// Whether a character starts at `at` > 0 and it or the one before is past ASCII. Only the two
// bytes are looked at, so that a token and a text that holds it agree.
bool may_cut(std::string_view bytes, std::size_t at) {
  return (byte_at(bytes, at) & 0xC0U) != 0x80 &&
         ((byte_at(bytes, at) | byte_at(bytes, at - 1)) & 0x80U) != 0;
}

std::size_t pair_at(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at - 1) << 8U | byte_at(bytes, at);
}

}  // namespace

TokenJoins::TokenJoins() : shapes_(1U << 16U), filter_(1U << kFilterLog2) {}

TokenJoins::Place TokenJoins::place_of(std::string_view bytes, std::size_t at, unsigned left,
                                       unsigned right, unsigned kind) {
  std::uint64_t key = kind;
  for (std::size_t i = at - left - 1; i <= at + right; ++i) key = key << 8U | byte_at(bytes, i);
  std::uint64_t hash = key * 0x9E3779B97F4A7C15U;
  hash = (hash ^ hash >> 32U) * 0xD6E8FEB86659FD93U;
  const auto bit = [hash](unsigned shift) { return std::uint64_t{1} << (hash >> shift & 63U); };
  return {hash >> (64 - kFilterLog2), bit(20) | bit(26) | bit(32)};
}

void TokenJoins::add(std::string_view token) {
  for (std::size_t at = 1; at < token.size(); ++at) {
    if (!may_cut(token, at)) continue;
    const auto left = static_cast<unsigned>(std::min<std::size_t>(at, kSide) - 1);
    const auto right = static_cast<unsigned>(std::min<std::size_t>(token.size() - at, kSide) - 1);
    const unsigned shape = left * kSide + right;
    shapes_[pair_at(token, at)] |= static_cast<std::uint16_t>(1U << shape);
    insert(place_of(token, at, left, right, shape));
    if (left > 0 && right > 0) insert(place_of(token, at, 1, 1, kNear));
  }
}

bool TokenJoins::joined(std::string_view piece, std::size_t at) const {
  unsigned shapes = shapes_[pair_at(piece, at)];
  if ((shapes & kNearShapes) != 0) {
    const bool has_room = at > 1 && piece.size() - at > 1;
    if (!has_room || !holds(place_of(piece, at, 1, 1, kNear))) shapes &= ~kNearShapes;
  }
  for (; shapes != 0; shapes &= shapes - 1) {
    const auto shape = static_cast<unsigned>(std::countr_zero(shapes));
    const unsigned left = shape / kSide;
    const unsigned right = shape % kSide;
    if (at <= left || piece.size() - at <= right) continue;
    if (holds(place_of(piece, at, left, right, shape))) return true;
  }
  return false;
}

std::size_t TokenJoins::part_end(std::string_view piece, std::size_t begin) const {
  std::size_t at = begin + 1;
  while (at < piece.size() && (!may_cut(piece, at) || joined(piece, at))) ++at;
  return at;
}

}  // namespace seine::engine
