// GrammarMachine: a finished grammar run over bytes and, through the token trie, over tokens.
// States are sets of (node, stack of callers), made and remembered as they are met, with their
// mask; past a bound all that is remembered is dropped and made again. Shared by every stream of
// one form; any thread. GrammarConstraint is one stream's place in it.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "engine/constraint/constraint.h"
#include "engine/constraint/grammar.h"
#include "engine/constraint/token_trie.h"

namespace seine::engine {

struct GrammarLimits {
  std::size_t states_max = 4096;  // remembered at once, 2 KiB each
  std::size_t mask_bytes_max = 16 << 20;
  std::uint32_t nesting_max = 48;  // objects and arrays inside each other
};

class MachineCache;

class GrammarMachine {
 public:
  // `ends`: the tokens that end generation. The trie is shared by all machines of a tokenizer.
  GrammarMachine(std::shared_ptr<const Grammar> grammar, std::shared_ptr<const TokenTrie> trie,
                 std::vector<TokenId> ends, GrammarLimits limits = {});
  ~GrammarMachine();

  static std::unique_ptr<Constraint> start(std::shared_ptr<GrammarMachine> machine);

  // Does the whole text match? The plain way, for tests and for text that no model wrote.
  bool matches(std::string_view text);

 private:
  friend class GrammarConstraint;
  std::shared_ptr<MachineCache> cache();
  // The cache that replaces `full`, unless somebody has replaced it already.
  std::shared_ptr<MachineCache> renew(const std::shared_ptr<MachineCache>& full);

  std::shared_ptr<const Grammar> grammar_;
  std::shared_ptr<const TokenTrie> trie_;
  std::vector<TokenId> ends_;
  TokenMask end_mask_;
  GrammarLimits limits_;
  std::mutex mutex_;
  std::shared_ptr<MachineCache> cache_;
};

}  // namespace seine::engine
