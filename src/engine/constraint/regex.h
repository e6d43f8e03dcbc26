// Regular expressions of our own, for constraints: RE2's syntax less what a generator has no use
// for. Literals, . [classes] \d \w \s \D \W \S, \p{L} \p{M} \p{N} \p{P} \p{S} \pL and negated, \n
// \t \r \f
// \v \xHH \x{H...} \uHHHH, | and groups ( ) (?: ) (?P<name> ) (?<name> ), * + ? {n} {n,} {n,m} and
// their lazy forms; ^ $ \A \z at the ends of an alternative that no group encloses. \d \w \s are
// ASCII, as in RE2; . takes any code point but the line feed.
//
// Look-around, back references, word boundaries, flags and other anchors are errors that give the
// column. Pure functions; a Regex is a plain value.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/constraint/char_set.h"
#include "engine/constraint/grammar.h"

namespace seine::engine {

struct RegexNode {
  enum class Kind : std::uint8_t { kEmpty, kSet, kSequence, kAlternatives, kRepeat };
  Kind kind = Kind::kEmpty;
  CharSet set;                   // kSet
  std::vector<RegexNode> parts;  // the others; one for kRepeat
  std::uint32_t least = 0;       // kRepeat
  std::uint32_t most = kNoMost;
  static constexpr std::uint32_t kNoMost = ~std::uint32_t{0};
};

struct RegexLimits {
  std::size_t bytes_max = 4096;
  std::uint32_t repeat_max = 1000;
  std::uint32_t depth_max = 64;
};

// How the expression stands to the text.
enum class RegexMatch : std::uint8_t {
  kWhole,   // it matches all of it; anchors change nothing
  kSearch,  // it occurs somewhere, as JSON schema's `pattern`; ^ and $ tie it to an end
};

base::Result<RegexNode> parse_regex(std::string_view pattern, RegexMatch match,
                                    RegexLimits limits = {});

// How a code point is written.
enum class RegexText : std::uint8_t {
  kPlain,
  kJsonString,  // as inside a JSON string literal, what must be escaped in its shortest way
};

// `regex`, then `next`. Sets overflowed() rather than growing without bound.
Grammar::NodeId emit_regex(Grammar& grammar, const RegexNode& regex, RegexText text,
                           Grammar::NodeId next);

// One code point of `set`, as `text` writes it.
Grammar::NodeId emit_char(Grammar& grammar, const CharSet& set, RegexText text,
                          Grammar::NodeId next);

}  // namespace seine::engine
