#include "engine/constraint/suffix_automaton.h"

#include <algorithm>
#include <numeric>

namespace seine::engine {
namespace {

using Edges = std::vector<std::pair<TokenId, SuffixAutomaton::State>>;

auto lower(Edges& edges, TokenId token) {
  return std::ranges::lower_bound(edges, token, {}, &Edges::value_type::first);
}

SuffixAutomaton::State* find_edge(Edges& edges, TokenId token) {
  const auto at = lower(edges, token);
  return at != edges.end() && at->first == token ? &at->second : nullptr;
}

void add_edge(Edges& edges, TokenId token, SuffixAutomaton::State to) {
  edges.insert(lower(edges, token), {token, to});
}

}  // namespace

base::Result<SuffixAutomaton> SuffixAutomaton::build(
    std::span<const std::vector<TokenId>> passages) {
  if (passages.size() > kPassagesMax) {
    return base::fail(base::Code::kResourceExhausted,
                      "spans are taken from {} passages, the limit is {}", passages.size(),
                      kPassagesMax);
  }
  std::size_t tokens = 0;
  for (const std::vector<TokenId>& passage : passages) tokens += passage.size();
  if (tokens > kTokensMax) {
    return base::fail(base::Code::kResourceExhausted,
                      "the passages have {} tokens, the limit for spans is {}", tokens, kTokensMax);
  }
  SuffixAutomaton out;
  for (std::size_t i = 0; i < passages.size(); ++i) {
    State last = kRoot;
    for (const TokenId token : passages[i]) {
      last = out.extend(last, token);
      out.states_[last].passages |= std::uint64_t{1} << i;
    }
  }
  out.collect_passages();
  return out;
}

SuffixAutomaton::State SuffixAutomaton::extend(State last, TokenId token) {
  // An earlier passage may already hold this prefix.
  if (const State* known = find_edge(states_[last].next, token)) {
    const State to = *known;
    return states_[last].length + 1 == states_[to].length ? to : split(last, to, token);
  }
  const auto added = static_cast<State>(states_.size());
  states_.emplace_back();
  states_[added].length = states_[last].length + 1;
  State at = last;
  while (at != kNone && find_edge(states_[at].next, token) == nullptr) {
    add_edge(states_[at].next, token, added);
    at = states_[at].link;
  }
  if (at == kNone) {
    states_[added].link = kRoot;
    return added;
  }
  const State to = *find_edge(states_[at].next, token);
  // split() grows the vector: its result must be in hand before states_[added] is looked up.
  const State link = states_[at].length + 1 == states_[to].length ? to : split(at, to, token);
  states_[added].link = link;
  return added;
}

SuffixAutomaton::State SuffixAutomaton::split(State from, State to, TokenId token) {
  const auto copy = static_cast<State>(states_.size());
  Node node = states_[to];
  node.length = states_[from].length + 1;
  node.passages = 0;  // flows back along the links
  states_.push_back(std::move(node));
  states_[to].link = copy;
  for (State at = from; at != kNone; at = states_[at].link) {
    State* edge = find_edge(states_[at].next, token);
    if (edge == nullptr || *edge != to) break;
    *edge = copy;
  }
  return copy;
}

// A run that ends where a longer one does lies in the same passages: from long to short.
void SuffixAutomaton::collect_passages() {
  std::vector<State> order(states_.size());
  std::iota(order.begin(), order.end(), State{0});
  std::ranges::sort(order, std::ranges::greater{},
                    [this](State state) { return states_[state].length; });
  for (const State state : order) {
    const State link = states_[state].link;
    if (link != kNone) states_[link].passages |= states_[state].passages;
  }
}

std::optional<SuffixAutomaton::State> SuffixAutomaton::step(State state, TokenId token) const {
  const Edges& edges = states_[state].next;
  const auto at = std::ranges::lower_bound(edges, token, {}, &Edges::value_type::first);
  if (at == edges.end() || at->first != token) return std::nullopt;
  return at->second;
}

}  // namespace seine::engine
