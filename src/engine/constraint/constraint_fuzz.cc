// Schemas and patterns: no crash, bounded work, and a random walk over the masks of what compiles
// never reaches a dead end and gives a text that the machine itself matches.
#include <cstdint>
#include <list>
#include <string>

#include "base/assert.h"
#include "base/random.h"
#include "engine/constraint/grammar_machine.h"
#include "engine/constraint/json_schema.h"
#include "engine/constraint/regex.h"

namespace {

using namespace seine;
using namespace seine::engine;

std::shared_ptr<const TokenTrie> all_bytes() {
  static std::list<std::string> texts;
  std::vector<TokenTrie::Entry> entries;
  for (int byte = 0; byte < 256; ++byte) {
    texts.emplace_back(1, static_cast<char>(byte));
    entries.push_back({texts.back(), byte + 1});
  }
  return std::make_shared<const TokenTrie>(std::move(entries), 257);
}

base::Result<std::shared_ptr<const Grammar>> regex_grammar(std::string_view pattern) {
  const RegexNode regex = SEINE_TRY(parse_regex(pattern, RegexMatch::kSearch));
  auto grammar = std::make_shared<Grammar>();
  const Grammar::RuleId root = grammar->declare();
  grammar->define(root, emit_regex(*grammar, regex, RegexText::kJsonString, Grammar::kEnd));
  SEINE_CHECK(grammar->finish(root));
  return grammar;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::shared_ptr<const TokenTrie> kTrie = all_bytes();
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto grammar = data[0] % 2 == 0 ? compile_json_schema(text) : regex_grammar(text);
  if (!grammar || (*grammar)->size() > 20'000) return 0;
  const auto machine = std::make_shared<GrammarMachine>(*grammar, kTrie, std::vector<TokenId>{0},
                                                        GrammarLimits{.states_max = 64});
  auto constraint = GrammarMachine::start(machine);
  base::SeededRandom random(data[0]);
  std::string answer;
  for (int step = 0; step < 24; ++step) {
    const TokenMask& mask = constraint->mask();
    const std::size_t count = mask.count();
    SEINE_ASSERT(count > 0, "a compiled constraint has no dead end");
    std::uint64_t pick = random.below(count);
    TokenId chosen = kNoToken;
    mask.for_each([&](TokenId id) {
      if (pick-- == 0) chosen = id;
    });
    SEINE_ASSERT(constraint->accept(chosen), "what the mask allows is taken");
    if (constraint->ended()) break;
    answer += static_cast<char>(chosen - 1);
  }
  if (constraint->may_end()) SEINE_ASSERT(machine->matches(answer), "an allowed text matches");
  return 0;
}
