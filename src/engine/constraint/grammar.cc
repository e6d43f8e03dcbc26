#include "engine/constraint/grammar.h"

#include <algorithm>

#include "base/assert.h"

namespace seine::engine {

Grammar::Grammar() : nodes_(1) {}

Grammar::NodeId Grammar::add(Node node) {
  if (nodes_.size() >= kNodesMax) {
    overflowed_ = true;
    return kEnd;
  }
  nodes_.push_back(node);
  return static_cast<NodeId>(nodes_.size() - 1);
}

Grammar::NodeId Grammar::bytes(const ByteSet& set, NodeId next) {
  const auto [at, added] = set_index_.try_emplace(set, static_cast<std::uint32_t>(sets_.size()));
  if (added) sets_.push_back(set);
  return add({Kind::kBytes, at->second, next});
}

Grammar::NodeId Grammar::byte(char value, NodeId next) {
  ByteSet set;
  set.add(static_cast<std::uint8_t>(value));
  return bytes(set, next);
}

Grammar::NodeId Grammar::literal(std::string_view text, NodeId next) {
  for (std::size_t i = text.size(); i-- > 0;) next = byte(text[i], next);
  return next;
}

Grammar::NodeId Grammar::reserve() {
  return add({Kind::kAlternatives, 0, 0});
}

void Grammar::set_alternatives(NodeId node, std::span<const NodeId> nodes) {
  if (node == kEnd) return;  // reserved past the limit
  if (lists_.size() + nodes.size() > 4 * kNodesMax) {
    overflowed_ = true;
    return;
  }
  nodes_[node].a = static_cast<std::uint32_t>(lists_.size());
  nodes_[node].b = static_cast<std::uint32_t>(nodes.size());
  lists_.insert(lists_.end(), nodes.begin(), nodes.end());
}

Grammar::NodeId Grammar::alternatives(std::span<const NodeId> nodes) {
  if (nodes.size() == 1) return nodes.front();
  const NodeId node = reserve();
  set_alternatives(node, nodes);
  return node;
}

Grammar::NodeId Grammar::either(NodeId first, NodeId second) {
  return alternatives(std::array{first, second});
}

Grammar::NodeId Grammar::call(RuleId rule, NodeId next) {
  return add({Kind::kCall, rule, next});
}

Grammar::NodeId Grammar::literals(std::span<const std::string> texts, NodeId next) {
  std::vector<std::string_view> sorted(texts.begin(), texts.end());
  std::ranges::sort(sorted);
  sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
  // The texts of [first, last) share `depth` bytes. Recursion is by branching, a common run is a
  // loop, so the stack holds at most one frame a branching byte.
  const auto build = [&](auto&& self, std::size_t first, std::size_t last,
                         std::size_t depth) -> NodeId {
    if (last - first == 1) return literal(sorted[first].substr(depth), next);
    std::size_t common = depth;
    while (common < sorted[first].size() && common < sorted[last - 1].size() &&
           sorted[first][common] == sorted[last - 1][common]) {
      ++common;
    }
    std::vector<NodeId> branches;
    std::size_t at = first;
    if (sorted[at].size() == common) {
      branches.push_back(next);
      ++at;
    }
    while (at < last && !overflowed_) {
      std::size_t until = at + 1;
      while (until < last && sorted[until][common] == sorted[at][common]) ++until;
      branches.push_back(self(self, at, until, common));
      at = until;
    }
    return literal(sorted[first].substr(depth, common - depth), alternatives(branches));
  };
  return sorted.empty() ? alternatives({}) : build(build, 0, sorted.size(), 0);
}

Grammar::RuleId Grammar::declare(bool nests) {
  rules_.push_back({kEnd, nests, false});
  return static_cast<RuleId>(rules_.size() - 1);
}

void Grammar::define(RuleId rule, NodeId entry) {
  rules_[rule].entry = entry;
  rules_[rule].defined = true;
}

// Least fixed point. Pieces are built back to front, so one pass in order of ids settles all but
// loops.
void Grammar::cut_unproductive(std::vector<bool>& productive) const {
  productive.assign(nodes_.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (productive[i]) continue;
      const Node& node = nodes_[i];
      bool now = false;
      switch (node.kind) {
        case Kind::kEnd:
          now = true;
          break;
        case Kind::kBytes:
          now = !sets_[node.a].empty() && productive[node.b];
          break;
        case Kind::kAlternatives:
          now = std::ranges::any_of(list(node), [&](NodeId id) { return productive[id]; });
          break;
        case Kind::kCall:
          now = productive[node.b] && productive[rules_[node.a].entry];
          break;
      }
      if (now) {
        productive[i] = true;
        changed = true;
      }
    }
  }
}

std::vector<bool> Grammar::nullable_nodes() const {
  std::vector<bool> nullable(nodes_.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nullable[i]) continue;
      const Node& node = nodes_[i];
      const bool now =
          node.kind == Kind::kEnd ||
          (node.kind == Kind::kAlternatives &&
           std::ranges::any_of(list(node), [&](NodeId id) { return nullable[id]; })) ||
          (node.kind == Kind::kCall && nullable[node.b] && nullable[rules_[node.a].entry]);
      if (now) {
        nullable[i] = true;
        changed = true;
      }
    }
  }
  return nullable;
}

// Does any rule reach itself before a byte is read? Such recursion would never stop.
bool Grammar::calls_itself_first() const {
  const std::vector<bool> nullable = nullable_nodes();
  // The rules that each rule may call first.
  std::vector<std::vector<RuleId>> first(rules_.size());
  std::vector<std::uint32_t> seen(nodes_.size(), 0);
  for (RuleId rule = 0; rule < rules_.size(); ++rule) {
    std::vector<NodeId> work{rules_[rule].entry};
    while (!work.empty()) {
      const NodeId at = work.back();
      work.pop_back();
      if (seen[at] == rule + 1) continue;
      seen[at] = rule + 1;
      const Node& node = nodes_[at];
      if (node.kind == Kind::kAlternatives) {
        work.insert(work.end(), list(node).begin(), list(node).end());
      } else if (node.kind == Kind::kCall) {
        first[rule].push_back(node.a);
        if (nullable[rules_[node.a].entry]) work.push_back(node.b);
      }
    }
  }
  // Depth first with an own stack; grey rules are on the path.
  enum : std::uint8_t { kWhite, kGrey, kBlack };
  std::vector<std::uint8_t> colour(rules_.size(), kWhite);
  std::vector<std::pair<RuleId, std::size_t>> path;
  for (RuleId start = 0; start < rules_.size(); ++start) {
    if (colour[start] != kWhite) continue;
    path.emplace_back(start, 0);
    colour[start] = kGrey;
    while (!path.empty()) {
      auto& [rule, at] = path.back();
      if (at == first[rule].size()) {
        colour[rule] = kBlack;
        path.pop_back();
        continue;
      }
      const RuleId to = first[rule][at++];
      if (colour[to] == kGrey) return true;
      if (colour[to] == kWhite) {
        colour[to] = kGrey;
        path.emplace_back(to, 0);
      }
    }
  }
  return false;
}

base::Result<> Grammar::finish(RuleId root) {
  root_ = root;
  if (overflowed_) {
    return base::fail(base::Code::kResourceExhausted,
                      "the constraint compiles to more than {} nodes", kNodesMax);
  }
  for (const Rule& rule : rules_) SEINE_ASSERT(rule.defined, "every declared rule is defined");
  std::vector<bool> productive;
  cut_unproductive(productive);
  if (!productive[rules_[root].entry]) {
    return base::fail(base::Code::kInvalidArgument, "the constraint allows no text at all");
  }
  for (Node& node : nodes_) {
    if (node.kind != Kind::kAlternatives) continue;
    std::size_t count = 0;
    for (std::size_t i = 0; i < node.b; ++i) {
      const NodeId id = lists_[node.a + i];
      if (productive[id]) lists_[node.a + count++] = id;
    }
    node.b = static_cast<std::uint32_t>(count);
  }
  if (calls_itself_first()) {
    return base::fail(base::Code::kInvalidArgument,
                      "a definition refers to itself with nothing in between");
  }
  return {};
}

}  // namespace seine::engine
