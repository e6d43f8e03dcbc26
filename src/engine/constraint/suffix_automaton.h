// SuffixAutomaton: every contiguous run of tokens of up to 64 passages, with the passages that hold
// it. Built online in time linear in the tokens (Blumer et al. 1985; the generalised form restarts
// at the root for each passage). Immutable after construction, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {

class SuffixAutomaton {
 public:
  using State = std::uint32_t;
  static constexpr State kRoot = 0;
  static constexpr std::size_t kPassagesMax = 64;
  static constexpr std::size_t kTokensMax = std::size_t{1} << 20;

  static base::Result<SuffixAutomaton> build(std::span<const std::vector<TokenId>> passages);

  // The run `state` stands for, one token longer; nothing if no passage holds that.
  std::optional<State> step(State state, TokenId token) const;
  // Which tokens step() takes, ascending.
  std::span<const std::pair<TokenId, State>> next(State state) const { return states_[state].next; }
  // Bit i: passage i holds the run.
  std::uint64_t passages(State state) const { return states_[state].passages; }
  std::size_t size() const { return states_.size(); }

 private:
  struct Node {
    std::vector<std::pair<TokenId, State>> next;  // by token
    State link = kNone;
    std::uint32_t length = 0;
    std::uint64_t passages = 0;
  };
  static constexpr State kNone = ~State{0};

  SuffixAutomaton() : states_(1) {}
  State extend(State last, TokenId token);
  State split(State from, State to, TokenId token);
  void collect_passages();

  std::vector<Node> states_;
};

}  // namespace seine::engine
