#include "engine/constraint/free_text.h"

#include <array>
#include <map>
#include <queue>
#include <vector>

namespace seine::engine {
namespace {

constexpr unsigned kTextBytes = 0xF5;  // larger ones occur in no UTF-8 text

class SignAutomaton {
 public:
  explicit SignAutomaton(std::span<const std::string> signs) {
    for (const std::string& sign : signs) {
      if (!sign.empty()) add(sign);
    }
    link();
  }

  std::size_t size() const { return states_.size(); }
  std::size_t next(std::size_t state, unsigned byte) const { return states_[state].to[byte]; }
  // A sign was just completed.
  bool is_end(std::size_t state) const { return states_[state].is_end; }

 private:
  struct State {
    std::array<std::uint32_t, 256> to{};
    std::uint32_t shorter = 0;  // the longest proper suffix that is a state
    bool is_end = false;
  };

  void add(std::string_view sign) {
    std::uint32_t at = 0;
    for (const char c : sign) {
      const auto byte = static_cast<unsigned char>(c);
      if (states_[at].to[byte] == 0) {
        states_[at].to[byte] = static_cast<std::uint32_t>(states_.size());
        states_.emplace_back();
      }
      at = states_[at].to[byte];
    }
    states_[at].is_end = true;
  }

  // Breadth first: what is shorter is whole before what is longer.
  void link() {
    std::queue<std::uint32_t> work;
    for (const std::uint32_t child : states_[0].to) {
      if (child != 0) work.push(child);
    }
    while (!work.empty()) {
      const std::uint32_t at = work.front();
      work.pop();
      const State& shorter = states_[states_[at].shorter];
      states_[at].is_end = states_[at].is_end || shorter.is_end;
      for (std::size_t byte = 0; byte < 256; ++byte) {
        std::uint32_t& to = states_[at].to[byte];
        if (to == 0) {
          to = shorter.to[byte];
        } else {
          states_[to].shorter = shorter.to[byte];
          work.push(to);
        }
      }
    }
  }

  std::vector<State> states_{1};
};

}  // namespace

Grammar::NodeId emit_free_text(Grammar& grammar, std::span<const std::string> forbidden,
                               std::span<const FreeTextExit> exits, bool may_end) {
  std::vector<std::string> signs(forbidden.begin(), forbidden.end());
  for (const FreeTextExit& exit : exits) signs.push_back(exit.sign);
  const SignAutomaton automaton(signs);
  // Every place has the same ways out.
  std::vector<Grammar::NodeId> out;
  for (const FreeTextExit& exit : exits) out.push_back(grammar.literal(exit.sign, exit.next));
  if (may_end) out.push_back(Grammar::kEnd);

  std::vector<Grammar::NodeId> nodes;
  for (std::size_t i = 0; i < automaton.size(); ++i) nodes.push_back(grammar.reserve());
  for (std::size_t i = 0; i < automaton.size() && !grammar.overflowed(); ++i) {
    std::map<std::size_t, ByteSet> moves;  // by where they lead
    for (unsigned byte = 0; byte < kTextBytes; ++byte) {
      const std::size_t to = automaton.next(i, byte);
      if (!automaton.is_end(to)) moves[to].add(static_cast<std::uint8_t>(byte));
    }
    std::vector<Grammar::NodeId> ways = out;
    for (const auto& [to, set] : moves) ways.push_back(grammar.bytes(set, nodes[to]));
    grammar.set_alternatives(nodes[i], ways);
  }
  return nodes.front();
}

}  // namespace seine::engine
