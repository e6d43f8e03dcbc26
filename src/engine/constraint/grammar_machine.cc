#include "engine/constraint/grammar_machine.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/assert.h"

namespace seine::engine {
namespace {

// A place in the grammar that waits for a byte, and the callers to come back to (0: none).
struct Config {
  Grammar::NodeId node;
  std::uint32_t stack;
  auto operator<=>(const Config&) const = default;
};

std::uint64_t key_of(std::uint32_t a, std::uint32_t b) {
  return std::uint64_t{a} << 32 | b;
}

struct ConfigsHash {
  std::size_t operator()(const std::vector<Config>& configs) const {
    std::uint64_t hash = configs.size();
    for (const Config& config : configs) {
      hash = (hash ^ key_of(config.node, config.stack)) * 0x9E3779B97F4A7C15u;
      hash ^= hash >> 29;
    }
    return static_cast<std::size_t>(hash);
  }
};

struct State {
  std::vector<Config> configs;  // sorted
  bool accepting = false;
  bool kept = false;  // in the cache; else a scratch state of one walk
  // Null: not known yet.
  std::array<State*, 256> next{};
  std::optional<ByteSet> loops;  // the bytes that lead back here
  std::optional<TokenMask> mask;
};

}  // namespace

// Everything that one generation of a machine has met. Its mutex guards all of it.
class MachineCache {
 public:
  MachineCache(const Grammar& grammar, const TokenTrie& trie, std::span<const TokenId> ends,
               GrammarLimits limits)
      : grammar_(grammar), trie_(trie), ends_(ends), limits_(limits), frames_(1) {
    dead_.kept = true;
  }

  std::mutex mutex;

  State* start() {
    Closure closure = close({{grammar_.rule(grammar_.root()).entry, 0}});
    return keep(std::move(closure), nullptr);
  }
  bool is_dead(const State* state) const { return state == &dead_; }
  bool mask_is_known(const State& state) const { return state.mask.has_value(); }

  // Past these bounds the owner moves on to a new cache.
  bool full() const {
    return states_.size() >= limits_.states_max || frames_.size() >= kFramesMax ||
           mask_bytes_ >= limits_.mask_bytes_max;
  }

  // `scratch` holds the result when there is no room to keep it.
  // Without it the state is kept whatever the bound says: one a byte of a token taken.
  State* step(State& from, std::uint8_t byte, State* scratch) {
    if (from.next[byte] != nullptr) return from.next[byte];
    std::vector<Config> seeds;
    for (const Config& config : from.configs) {
      const Grammar::Node& node = grammar_.node(config.node);
      if (grammar_.set(node.a).test(byte)) seeds.push_back({node.b, config.stack});
    }
    State* to = seeds.empty() ? &dead_ : keep(close(std::move(seeds)), scratch);
    if (to->kept) from.next[byte] = to;
    return to;
  }

  const TokenMask& mask(State& state) {
    if (!state.mask) {
      TokenMask mask(trie_.vocabulary());
      fill(state, mask);
      if (state.accepting) {
        for (const TokenId end : ends_) mask.set(end);
      }
      mask_bytes_ += mask.words().size_bytes();
      state.mask = std::move(mask);
    }
    return *state.mask;
  }

  // The same place in another generation; both locked.
  State* import(const MachineCache& other, const State& state) {
    Closure closure;
    closure.accepting = state.accepting;
    std::unordered_map<std::uint32_t, std::uint32_t> moved{{0, 0}};
    for (const Config& config : state.configs) {
      std::vector<std::uint32_t> chain;
      std::uint32_t at = config.stack;
      for (; !moved.contains(at); at = other.frames_[at].below) chain.push_back(at);
      std::uint32_t here = moved.at(at);
      for (std::size_t i = chain.size(); i-- > 0;) {
        const Frame& frame = other.frames_[chain[i]];
        here = push(frame.node, here, frame.nesting);
        moved[chain[i]] = here;
      }
      closure.configs.push_back({config.node, here});
    }
    std::ranges::sort(closure.configs);
    return keep(std::move(closure), nullptr);
  }

 private:
  static constexpr std::size_t kFramesMax = 1 << 18;
  static constexpr std::uint32_t kLoopNodesMin = 24;  // subtrees worth a look at all 256 bytes

  struct Frame {
    Grammar::NodeId node = 0;  // where the caller goes on
    std::uint32_t below = 0;
    std::uint32_t nesting = 0;
  };
  struct Closure {
    std::vector<Config> configs;
    bool accepting = false;
  };

  std::uint32_t push(Grammar::NodeId node, std::uint32_t below, std::uint32_t nesting) {
    std::vector<std::uint32_t>& known = frame_index_[key_of(node, below)];
    for (const std::uint32_t frame : known) {
      if (frames_[frame].nesting == nesting) return frame;
    }
    frames_.push_back({node, below, nesting});
    known.push_back(static_cast<std::uint32_t>(frames_.size() - 1));
    return known.back();
  }

  // Follows everything that reads no byte.
  Closure close(std::vector<Config> work) {
    Closure out;
    std::unordered_set<std::uint64_t> seen;
    while (!work.empty()) {
      const Config at = work.back();
      work.pop_back();
      if (!seen.insert(key_of(at.node, at.stack)).second) continue;
      const Grammar::Node& node = grammar_.node(at.node);
      switch (node.kind) {
        case Grammar::Kind::kBytes:
          out.configs.push_back(at);
          break;
        case Grammar::Kind::kAlternatives:
          for (const Grammar::NodeId id : grammar_.list(node)) work.push_back({id, at.stack});
          break;
        case Grammar::Kind::kEnd:
          if (at.stack == 0) {
            out.accepting = true;
          } else {
            work.push_back({frames_[at.stack].node, frames_[at.stack].below});
          }
          break;
        case Grammar::Kind::kCall: {
          const Grammar::Rule& rule = grammar_.rule(node.a);
          const std::uint32_t nesting = frames_[at.stack].nesting + (rule.nests ? 1 : 0);
          if (nesting > limits_.nesting_max) break;
          // The last thing a rule does needs no way back, unless it counts as a level.
          const bool tail = node.b == Grammar::kEnd && !rule.nests;
          work.push_back({rule.entry, tail ? at.stack : push(node.b, at.stack, nesting)});
          break;
        }
      }
    }
    std::ranges::sort(out.configs);
    return out;
  }

  State* keep(Closure closure, State* scratch) {
    if (closure.configs.empty() && !closure.accepting) return &dead_;
    // Two states with the same places differ if only one of them may end.
    std::vector<Config> key = closure.configs;
    if (closure.accepting) key.push_back({Grammar::kEnd, 0});
    const auto found = index_.find(key);
    if (found != index_.end()) return found->second;
    if (scratch != nullptr && states_.size() >= limits_.states_max) {
      *scratch = State{};
      scratch->configs = std::move(closure.configs);
      scratch->accepting = closure.accepting;
      return scratch;
    }
    states_.push_back(std::make_unique<State>());
    State* state = states_.back().get();
    state->configs = std::move(closure.configs);
    state->accepting = closure.accepting;
    state->kept = true;
    index_.emplace(std::move(key), state);
    return state;
  }

  const ByteSet& loops(State& state, State& scratch) {
    if (!state.loops) {
      ByteSet set;
      for (unsigned byte = 0; byte < 256; ++byte) {
        const auto value = static_cast<std::uint8_t>(byte);
        if (step(state, value, &scratch) == &state) set.add(value);
      }
      state.loops = set;
    }
    return *state.loops;
  }

  void fill(State& root, TokenMask& mask) {
    std::vector<State*> path(TokenTrie::kBytesMax + 1);
    std::vector<std::unique_ptr<State>> scratch(TokenTrie::kBytesMax + 1);
    State loop_scratch;
    path[0] = &root;
    const std::span<const TokenTrie::Node> nodes = trie_.nodes();
    const std::span<const TokenId> tokens = trie_.tokens();
    for (std::size_t i = 0; i < nodes.size();) {
      const TokenTrie::Node& node = nodes[i];
      std::unique_ptr<State>& spare = scratch[node.depth];
      if (!spare) spare = std::make_unique<State>();
      State* state = step(*path[node.depth - 1], node.byte, spare.get());
      if (state == &dead_) {
        i = node.end;
        continue;
      }
      const bool all_below = node.end - i > kLoopNodesMin && state->kept &&
                             loops(*state, loop_scratch).holds_all_of(trie_.set(node.below));
      const std::uint32_t until = all_below ? node.tokens_end : node.tokens_own_end;
      for (std::uint32_t t = node.tokens_first; t < until; ++t) mask.set(tokens[t]);
      path[node.depth] = state;
      i = all_below ? node.end : i + 1;
    }
  }

  const Grammar& grammar_;
  const TokenTrie& trie_;
  std::span<const TokenId> ends_;
  GrammarLimits limits_;
  std::vector<Frame> frames_;  // [0] is the empty stack
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> frame_index_;
  std::vector<std::unique_ptr<State>> states_;
  std::unordered_map<std::vector<Config>, State*, ConfigsHash> index_;
  State dead_;
  std::size_t mask_bytes_ = 0;
};

class GrammarConstraint final : public Constraint {
 public:
  explicit GrammarConstraint(std::shared_ptr<GrammarMachine> machine)
      : machine_(std::move(machine)), cache_(machine_->cache()) {
    const std::lock_guard lock(cache_->mutex);
    state_ = cache_->start();
  }

  const TokenMask& mask() override {
    if (ended_) return machine_->end_mask_;
    move_on_if_full();
    const std::lock_guard lock(cache_->mutex);
    return cache_->mask(*state_);
  }

  bool accept(TokenId id) override {
    if (machine_->end_mask_.test(id)) {
      if (!ended_ && !state_->accepting) return false;
      ended_ = true;
      return true;
    }
    if (ended_) return false;
    const std::string_view text = machine_->trie_->text(id);
    if (text.empty()) return false;
    move_on_if_full();
    const std::lock_guard lock(cache_->mutex);
    State* at = state_;
    for (const char byte : text) {
      at = cache_->step(*at, static_cast<std::uint8_t>(byte), nullptr);
      if (cache_->is_dead(at)) return false;
    }
    state_ = at;
    return true;
  }

  bool may_end() const override { return ended_ || state_->accepting; }
  bool ended() const override { return ended_; }
  std::unique_ptr<Constraint> clone() const override {
    return std::make_unique<GrammarConstraint>(*this);
  }

 private:
  // Older generations are only ever read from here, so locking old before new cannot cross.
  void move_on_if_full() {
    {
      const std::lock_guard lock(cache_->mutex);
      if (!cache_->full() || cache_->mask_is_known(*state_)) return;
    }
    // Kept until its lock is released: this may be the last that holds it.
    const std::shared_ptr<MachineCache> full = cache_;
    cache_ = machine_->renew(full);
    const std::scoped_lock lock(full->mutex, cache_->mutex);
    state_ = cache_->import(*full, *state_);
  }

  std::shared_ptr<GrammarMachine> machine_;
  std::shared_ptr<MachineCache> cache_;
  State* state_ = nullptr;  // in cache_, which owns it; what it is never changes
  bool ended_ = false;
};

GrammarMachine::GrammarMachine(std::shared_ptr<const Grammar> grammar,
                               std::shared_ptr<const TokenTrie> trie, std::vector<TokenId> ends,
                               GrammarLimits limits)
    : grammar_(std::move(grammar)),
      trie_(std::move(trie)),
      ends_(std::move(ends)),
      end_mask_(trie_->vocabulary()),
      limits_(limits) {
  for (const TokenId end : ends_) end_mask_.set(end);
}

GrammarMachine::~GrammarMachine() = default;

std::unique_ptr<Constraint> GrammarMachine::start(std::shared_ptr<GrammarMachine> machine) {
  return std::make_unique<GrammarConstraint>(std::move(machine));
}

std::shared_ptr<MachineCache> GrammarMachine::cache() {
  const std::lock_guard lock(mutex_);
  if (!cache_) cache_ = std::make_shared<MachineCache>(*grammar_, *trie_, ends_, limits_);
  return cache_;
}

std::shared_ptr<MachineCache> GrammarMachine::renew(const std::shared_ptr<MachineCache>& full) {
  const std::lock_guard lock(mutex_);
  if (cache_ == full) cache_ = std::make_shared<MachineCache>(*grammar_, *trie_, ends_, limits_);
  return cache_;
}

bool GrammarMachine::matches(std::string_view text) {
  const std::shared_ptr<MachineCache> known = cache();
  const std::lock_guard lock(known->mutex);
  // Two scratch states taken in turn: a full cache must not grow.
  auto spare = std::make_unique<State>();
  auto other = std::make_unique<State>();
  State* at = known->start();
  for (const char byte : text) {
    at = known->step(*at, static_cast<std::uint8_t>(byte), spare.get());
    if (known->is_dead(at)) return false;
    if (at == spare.get()) std::swap(spare, other);
  }
  return at->accepting;
}

}  // namespace seine::engine
