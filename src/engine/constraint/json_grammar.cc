#include "engine/constraint/json_grammar.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/json.h"
#include "base/utf8.h"
#include "engine/constraint/char_set.h"
#include "engine/constraint/regex.h"

namespace seine::engine {
namespace {

using NodeId = Grammar::NodeId;

ByteSet byte_range(char low, char high) {
  ByteSet set;
  set.add(static_cast<std::uint8_t>(low), static_cast<std::uint8_t>(high));
  return set;
}

ByteSet bytes_of(std::string_view text) {
  ByteSet set;
  for (const char c : text) set.add(static_cast<std::uint8_t>(c));
  return set;
}

CharSet plain_characters() {
  CharSet set = CharSet::of(0x20, 0x10FFFF);
  CharSet escaped = CharSet::of('"', '"');
  escaped.add('\\');
  return set.minus(escaped);
}

std::string json_literal(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

}  // namespace

// The rule is declared before its piece is built: objects, arrays and values go round.
NodeId JsonGrammar::shared(std::optional<Grammar::RuleId>& rule, bool nests, Piece piece,
                           NodeId next) {
  if (!rule) {
    rule = grammar_.declare(nests);
    grammar_.define(*rule, (this->*piece)());
  }
  return grammar_.call(*rule, next);
}

NodeId JsonGrammar::space(NodeId next) {
  return shared(space_, false, &JsonGrammar::space_piece, next);
}
NodeId JsonGrammar::character(NodeId next) {
  return shared(character_, false, &JsonGrammar::character_piece, next);
}
NodeId JsonGrammar::string(NodeId next) {
  return shared(string_, false, &JsonGrammar::string_piece, next);
}
NodeId JsonGrammar::number(NodeId next) {
  return shared(number_, false, &JsonGrammar::number_piece, next);
}
NodeId JsonGrammar::integer(NodeId next) {
  return shared(integer_, false, &JsonGrammar::integer_piece, next);
}
NodeId JsonGrammar::object(NodeId next) {
  return shared(object_, true, &JsonGrammar::object_piece, next);
}
NodeId JsonGrammar::array(NodeId next) {
  return shared(array_, true, &JsonGrammar::array_piece, next);
}
NodeId JsonGrammar::value(NodeId next) {
  return shared(value_, false, &JsonGrammar::value_piece, next);
}

NodeId JsonGrammar::boolean(NodeId next) {
  return grammar_.literals(std::array<std::string, 2>{"true", "false"}, next);
}
NodeId JsonGrammar::null(NodeId next) {
  return grammar_.literal("null", next);
}

NodeId JsonGrammar::space_piece() {
  const ByteSet blank = bytes_of(" \t");
  NodeId indent = Grammar::kEnd;
  for (std::size_t i = 0; i < kIndentMax; ++i) {
    indent = grammar_.either(Grammar::kEnd, grammar_.bytes(blank, indent));
  }
  return grammar_.alternatives(
      std::array{Grammar::kEnd, grammar_.byte(' ', Grammar::kEnd), grammar_.byte('\n', indent)});
}

NodeId JsonGrammar::character_piece() {
  const ByteSet hex = bytes_of("0123456789abcdefABCDEF");
  const auto hex_digits = [&](int count, NodeId next) {
    for (int i = 0; i < count; ++i) next = grammar_.bytes(hex, next);
    return next;
  };
  // \u: anything but surrogates, or a pair of them (RFC 8259, section 7).
  const NodeId low_half = grammar_.literal(
      "\\u", grammar_.bytes(bytes_of("dD"),
                            grammar_.bytes(bytes_of("cdefCDEF"), hex_digits(2, Grammar::kEnd))));
  const NodeId unicode = grammar_.alternatives(std::array{
      grammar_.bytes(bytes_of("0123456789abcefABCEF"), hex_digits(3, Grammar::kEnd)),
      grammar_.bytes(
          bytes_of("dD"),
          grammar_.either(grammar_.bytes(bytes_of("01234567"), hex_digits(2, Grammar::kEnd)),
                          grammar_.bytes(bytes_of("89abAB"), hex_digits(2, low_half))))});
  const NodeId escape =
      grammar_.byte('\\', grammar_.either(grammar_.bytes(bytes_of("\"\\/bfnrt"), Grammar::kEnd),
                                          grammar_.byte('u', unicode)));
  return grammar_.either(plain_characters().emit(grammar_, Grammar::kEnd), escape);
}

NodeId JsonGrammar::string_piece() {
  const NodeId loop = grammar_.reserve();
  const NodeId more = character(loop);
  grammar_.set_alternatives(loop, std::array{more, grammar_.byte('"', Grammar::kEnd)});
  return grammar_.byte('"', loop);
}

NodeId JsonGrammar::string_of_length(std::size_t least, std::optional<std::size_t> most,
                                     NodeId next) {
  const NodeId close = grammar_.byte('"', next);
  NodeId at = close;
  if (most) {
    for (std::size_t i = least; i < *most && !grammar_.overflowed(); ++i) {
      at = grammar_.either(character(at), close);
    }
  } else {
    at = grammar_.reserve();
    const NodeId more = character(at);
    grammar_.set_alternatives(at, std::array{more, close});
  }
  for (std::size_t i = 0; i < least && !grammar_.overflowed(); ++i) at = character(at);
  return grammar_.byte('"', at);
}

NodeId JsonGrammar::digits(std::size_t least, std::size_t most, NodeId next) {
  const ByteSet digit = byte_range('0', '9');
  NodeId at = next;
  for (std::size_t i = least; i < most; ++i) at = grammar_.either(grammar_.bytes(digit, at), next);
  for (std::size_t i = 0; i < least; ++i) at = grammar_.bytes(digit, at);
  return at;
}

NodeId JsonGrammar::whole_part(NodeId next) {
  const NodeId positive =
      grammar_.either(grammar_.byte('0', next),
                      grammar_.bytes(byte_range('1', '9'), digits(0, kDigitsMax - 1, next)));
  return grammar_.either(positive, grammar_.byte('-', positive));
}

NodeId JsonGrammar::integer_piece() {
  return whole_part(Grammar::kEnd);
}

NodeId JsonGrammar::number_piece() {
  const NodeId power = digits(1, 2, Grammar::kEnd);
  const NodeId exponent =
      grammar_.bytes(bytes_of("eE"), grammar_.either(power, grammar_.bytes(bytes_of("+-"), power)));
  const NodeId after_fraction = grammar_.either(exponent, Grammar::kEnd);
  const NodeId fraction = grammar_.byte('.', digits(1, kDigitsMax, after_fraction));
  return whole_part(grammar_.either(fraction, after_fraction));
}

NodeId JsonGrammar::object_piece() {
  const NodeId close = grammar_.byte('}', Grammar::kEnd);
  const NodeId member = grammar_.reserve();
  const NodeId after = grammar_.either(grammar_.byte(',', space(member)), space(close));
  const NodeId body = string(grammar_.byte(':', space(value(after))));
  grammar_.set_alternatives(member, std::array{body});
  return grammar_.byte('{', space(grammar_.either(close, member)));
}

NodeId JsonGrammar::array_piece() {
  const NodeId close = grammar_.byte(']', Grammar::kEnd);
  const NodeId item = grammar_.reserve();
  const NodeId after = grammar_.either(grammar_.byte(',', space(item)), space(close));
  grammar_.set_alternatives(item, std::array{value(after)});
  return grammar_.byte('[', space(grammar_.either(close, item)));
}

NodeId JsonGrammar::value_piece() {
  return grammar_.alternatives(std::array{object(Grammar::kEnd), array(Grammar::kEnd),
                                          string(Grammar::kEnd), number(Grammar::kEnd),
                                          boolean(Grammar::kEnd), null(Grammar::kEnd)});
}

NodeId JsonGrammar::key(const std::string& name, NodeId next) {
  return grammar_.literal(json_literal(name), grammar_.byte(':', space(next)));
}

// A walk along the tree of the names' code points. Until it leaves the tree only plain characters
// are taken, so that no escape can spell a name; where it stands on a whole name it may not close.
NodeId JsonGrammar::other_key(std::vector<std::string> names, NodeId next) {
  const NodeId close = grammar_.byte('"', grammar_.byte(':', space(next)));
  const NodeId free = grammar_.reserve();
  const NodeId more = character(free);
  grammar_.set_alternatives(free, std::array{more, close});
  std::vector<std::u32string> points;
  points.reserve(names.size());
  for (const std::string& name : names) points.push_back(base::to_utf32(name));
  std::ranges::sort(points);
  points.erase(std::ranges::unique(points).begin(), points.end());

  // Every prefix of a name, longest first, so that what follows exists already.
  std::map<std::u32string, NodeId, std::greater<>> tree;
  std::map<std::u32string, std::vector<char32_t>> children;
  std::vector<std::u32string> prefixes{std::u32string()};
  for (const std::u32string& name : points) {
    for (std::size_t length = 1; length <= name.size(); ++length) {
      std::u32string prefix = name.substr(0, length);
      std::vector<char32_t>& siblings = children[name.substr(0, length - 1)];
      if (std::ranges::find(siblings, prefix.back()) != siblings.end()) continue;
      siblings.push_back(prefix.back());
      prefixes.push_back(std::move(prefix));
    }
  }
  std::ranges::sort(prefixes, std::ranges::greater{}, &std::u32string::size);
  for (const std::u32string& prefix : prefixes) {
    std::vector<NodeId> ways;
    CharSet leaving = plain_characters();
    CharSet staying;
    for (const char32_t point : children[prefix]) {
      const CharSet one = CharSet::of(point, point);
      staying.merge(one);
      if (leaving.test(point)) ways.push_back(one.emit(grammar_, tree.at(prefix + point)));
    }
    ways.push_back(leaving.minus(staying).emit(grammar_, free));
    if (!std::ranges::binary_search(points, prefix)) ways.push_back(close);
    tree[prefix] = grammar_.alternatives(ways);
  }
  return grammar_.byte('"', tree.at(std::u32string()));
}

}  // namespace seine::engine
