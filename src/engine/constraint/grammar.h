// Grammar: a set of byte-level rules that call each other, as a network of small nodes: what JSON
// schemas and regular expressions compile to. Built backwards, each piece knowing what follows it.
// Plain data once finished and then safe on any thread. Bounded: past kNodesMax it stops growing
// and finish() says so.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seine::engine {

class ByteSet {
 public:
  void add(std::uint8_t low, std::uint8_t high) {
    for (unsigned b = low; b <= high; ++b) words_[b / 64] |= std::uint64_t{1} << (b % 64);
  }
  void add(std::uint8_t byte) { add(byte, byte); }
  bool test(std::uint8_t byte) const { return (words_[byte / 64] >> (byte % 64) & 1) != 0; }
  bool empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }
  bool holds_all_of(const ByteSet& other) const {
    return ((other.words_[0] & ~words_[0]) | (other.words_[1] & ~words_[1]) |
            (other.words_[2] & ~words_[2]) | (other.words_[3] & ~words_[3])) == 0;
  }
  void merge(const ByteSet& other) {
    for (std::size_t i = 0; i < 4; ++i) words_[i] |= other.words_[i];
  }
  auto operator<=>(const ByteSet&) const = default;

 private:
  std::array<std::uint64_t, 4> words_{};
};

class Grammar {
 public:
  using NodeId = std::uint32_t;
  using RuleId = std::uint32_t;
  static constexpr std::size_t kNodesMax = 200'000;
  static constexpr NodeId kEnd = 0;  // the end of the rule that it stands in

  enum class Kind : std::uint8_t {
    kEnd,
    kBytes,         // one byte of sets()[a], then node b
    kAlternatives,  // one of the b nodes at lists()[a]
    kCall,          // rule a, then node b
  };
  struct Node {
    Kind kind = Kind::kEnd;
    std::uint32_t a = 0;
    std::uint32_t b = 0;
  };
  struct Rule {
    NodeId entry = kEnd;
    bool nests = false;  // opens a level of what the machine bounds the depth of
    bool defined = false;
  };

  Grammar();

  NodeId bytes(const ByteSet& set, NodeId next);
  NodeId byte(char value, NodeId next);
  NodeId literal(std::string_view text, NodeId next);
  NodeId alternatives(std::span<const NodeId> nodes);
  NodeId either(NodeId first, NodeId second);
  NodeId call(RuleId rule, NodeId next);
  // A node to be filled by set_alternatives, for loops.
  NodeId reserve();
  void set_alternatives(NodeId node, std::span<const NodeId> nodes);
  // One of the texts; shared prefixes are one path.
  NodeId literals(std::span<const std::string> texts, NodeId next);

  RuleId declare(bool nests = false);
  void define(RuleId rule, NodeId entry);

  // No more is added: whoever expands something large looks here and stops.
  bool overflowed() const { return overflowed_; }

  // Checks size and recursion and cuts off what can never be completed. An error when nothing at
  // all matches. Call once, then only read.
  base::Result<> finish(RuleId root);

  RuleId root() const { return root_; }
  const Node& node(NodeId id) const { return nodes_[id]; }
  const Rule& rule(RuleId id) const { return rules_[id]; }
  const ByteSet& set(std::uint32_t index) const { return sets_[index]; }
  std::span<const NodeId> list(const Node& node) const {
    return std::span(lists_).subspan(node.a, node.b);
  }
  std::size_t size() const { return nodes_.size(); }

 private:
  NodeId add(Node node);
  void cut_unproductive(std::vector<bool>& productive) const;
  std::vector<bool> nullable_nodes() const;
  bool calls_itself_first() const;

  std::vector<Node> nodes_;
  std::vector<NodeId> lists_;
  std::vector<ByteSet> sets_;
  std::map<ByteSet, std::uint32_t> set_index_;
  std::vector<Rule> rules_;
  RuleId root_ = 0;
  bool overflowed_ = false;
};

}  // namespace seine::engine
