#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "engine/constraint/regex.h"

namespace seine::engine {
namespace {

using Kind = RegexNode::Kind;

class Emitter {
 public:
  Emitter(Grammar& grammar, RegexText text) : grammar_(grammar), text_(text) {}

  // Recursion follows the pattern's groups, which the parser bounds.
  Grammar::NodeId emit(const RegexNode& node, Grammar::NodeId next) {
    if (grammar_.overflowed()) return next;
    switch (node.kind) {
      case Kind::kEmpty:
        return next;
      case Kind::kSet:
        return set(node.set, next);
      case Kind::kSequence:
        for (std::size_t i = node.parts.size(); i-- > 0;) next = emit(node.parts[i], next);
        return next;
      case Kind::kAlternatives: {
        std::vector<Grammar::NodeId> nodes;
        nodes.reserve(node.parts.size());
        for (const RegexNode& part : node.parts) nodes.push_back(emit(part, next));
        return grammar_.alternatives(nodes);
      }
      case Kind::kRepeat:
        return repeat(node, next);
    }
    return next;
  }

 private:
  Grammar::NodeId repeat(const RegexNode& node, Grammar::NodeId next) {
    const RegexNode& part = node.parts.front();
    Grammar::NodeId at = next;
    if (node.most == RegexNode::kNoMost) {
      at = grammar_.reserve();
      const Grammar::NodeId body = emit(part, at);
      grammar_.set_alternatives(at, std::array{body, next});
    } else {
      for (std::uint32_t i = node.least; i < node.most && !grammar_.overflowed(); ++i) {
        at = grammar_.either(emit(part, at), next);
      }
    }
    for (std::uint32_t i = 0; i < node.least && !grammar_.overflowed(); ++i) at = emit(part, at);
    return at;
  }

  // A set of many ranges becomes a rule that all its uses share.
  Grammar::NodeId set(const CharSet& chars, Grammar::NodeId next) {
    static constexpr std::size_t kInlineMax = 3;
    if (chars.ranges().size() <= kInlineMax) return emit_char(grammar_, chars, text_, next);
    std::vector<std::pair<char32_t, char32_t>> key;
    for (const CharSet::Range& range : chars.ranges()) key.emplace_back(range.low, range.high);
    const auto [at, added] = rules_.try_emplace(std::move(key), 0);
    if (added) {
      at->second = grammar_.declare();
      grammar_.define(at->second, emit_char(grammar_, chars, text_, Grammar::kEnd));
    }
    return grammar_.call(at->second, next);
  }

  Grammar& grammar_;
  RegexText text_;
  std::map<std::vector<std::pair<char32_t, char32_t>>, Grammar::RuleId> rules_;
};

std::string json_escape(char32_t point) {
  switch (point) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point));
  }
}

}  // namespace

Grammar::NodeId emit_char(Grammar& grammar, const CharSet& set, RegexText text,
                          Grammar::NodeId next) {
  if (text == RegexText::kPlain) return set.emit(grammar, next);
  CharSet escaped = CharSet::of(0, 0x1F);
  escaped.add('"');
  escaped.add('\\');
  std::vector<Grammar::NodeId> nodes;
  const CharSet plain = set.minus(escaped);
  if (!plain.empty()) nodes.push_back(plain.emit(grammar, next));
  std::vector<std::string> spellings;
  for (const CharSet::Range& range : set.intersect(escaped).ranges()) {
    for (char32_t point = range.low; point <= range.high; ++point) {
      spellings.push_back(json_escape(point));
    }
  }
  if (!spellings.empty()) nodes.push_back(grammar.literals(spellings, next));
  return grammar.alternatives(nodes);
}

Grammar::NodeId emit_regex(Grammar& grammar, const RegexNode& regex, RegexText text,
                           Grammar::NodeId next) {
  return Emitter(grammar, text).emit(regex, next);
}

}  // namespace seine::engine
