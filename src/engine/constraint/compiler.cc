#include "engine/constraint/compiler.h"

#include <list>
#include <mutex>
#include <string>
#include <utility>

#include "engine/constraint/grammar_machine.h"
#include "engine/constraint/json_schema.h"
#include "engine/constraint/regex.h"

namespace seine::engine {
namespace {

base::Result<std::shared_ptr<const Grammar>> regex_grammar(const std::string& pattern) {
  const RegexNode regex = SEINE_TRY(parse_regex(pattern, RegexMatch::kWhole));
  auto grammar = std::make_shared<Grammar>();
  const Grammar::RuleId root = grammar->declare();
  grammar->define(root, emit_regex(*grammar, regex, RegexText::kPlain, Grammar::kEnd));
  SEINE_CHECK(grammar->finish(root));
  return grammar;
}

base::Result<std::shared_ptr<const Grammar>> grammar_of(const llm::Constraint& wanted) {
  if (const auto* schema = std::get_if<llm::JsonSchemaConstraint>(&wanted)) {
    return compile_json_schema(schema->schema);
  }
  if (const auto* regex = std::get_if<llm::RegexConstraint>(&wanted)) {
    auto grammar = regex_grammar(regex->pattern);
    if (!grammar) grammar.error().field = "response_format.pattern";
    return grammar;
  }
  return any_json_object();
}

}  // namespace

struct ConstraintCompiler::Impl {
  using Wanted = std::variant<llm::Constraint, CallRules>;
  struct Form {
    Wanted wanted;
    std::shared_ptr<GrammarMachine> machine;
  };

  std::shared_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const TokenTrie> trie;
  std::shared_ptr<const TokenTrie> call_trie;  // made when it is first needed
  std::vector<TokenId> ends;
  std::mutex mutex;
  std::list<Form> forms;  // the last used first

  std::shared_ptr<GrammarMachine> known(const Wanted& wanted) {
    const std::lock_guard lock(mutex);
    for (auto at = forms.begin(); at != forms.end(); ++at) {
      if (at->wanted != wanted) continue;
      forms.splice(forms.begin(), forms, at);
      return at->machine;
    }
    return nullptr;
  }

  // As `trie`, with the codes of the signs in place of their texts.
  std::shared_ptr<const TokenTrie> trie_for_calls() {
    const std::lock_guard lock(mutex);
    if (call_trie) return call_trie;
    std::vector<TokenTrie::Entry> entries;
    for (std::size_t i = 0; i < tokenizer->size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      const std::string_view text = trie->text(id);
      // Bytes of no text would spell the codes.
      if (!text.empty() && !text.contains('\xFF')) entries.push_back({text, id});
    }
    for (std::size_t sign = 0; sign < CallSigns::kAll.size(); ++sign) {
      const auto id = tokenizer->find(CallSigns::kAll[sign]);
      if (!id) continue;
      std::erase_if(entries, [&](const TokenTrie::Entry& entry) { return entry.id == *id; });
      entries.push_back({CallSigns::code(sign), *id});
    }
    call_trie = std::make_shared<const TokenTrie>(std::move(entries), tokenizer->size());
    return call_trie;
  }

  void keep(const Wanted& wanted, std::shared_ptr<GrammarMachine> machine) {
    const std::lock_guard lock(mutex);
    forms.push_front({wanted, std::move(machine)});
    if (forms.size() > kCompiledMax) forms.pop_back();
  }
};

ConstraintCompiler::ConstraintCompiler(std::shared_ptr<const Tokenizer> tokenizer)
    : impl_(std::make_unique<Impl>()) {
  impl_->trie = std::make_shared<const TokenTrie>(TokenTrie::of(*tokenizer));
  for (std::size_t i = 0; i < tokenizer->size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (tokenizer->ends_generation(id)) impl_->ends.push_back(id);
  }
  impl_->tokenizer = std::move(tokenizer);
}

ConstraintCompiler::~ConstraintCompiler() = default;

base::Result<std::unique_ptr<Constraint>> ConstraintCompiler::compile(
    const llm::Constraint& wanted) {
  if (std::holds_alternative<std::monostate>(wanted)) return std::unique_ptr<Constraint>();
  if (std::holds_alternative<llm::SpanConstraint>(wanted)) {
    return base::fail(base::Code::kInvalidArgument,
                      "spans are compiled with the model's own form of citations");
  }
  std::shared_ptr<GrammarMachine> machine = impl_->known(wanted);
  if (!machine) {
    machine =
        std::make_shared<GrammarMachine>(SEINE_TRY(grammar_of(wanted)), impl_->trie, impl_->ends);
    impl_->keep(wanted, machine);
  }
  return GrammarMachine::start(std::move(machine));
}

base::Result<std::unique_ptr<Constraint>> ConstraintCompiler::compile_calls(
    const CallRules& rules) {
  std::shared_ptr<GrammarMachine> machine = impl_->known(rules);
  if (!machine) {
    auto grammar = SEINE_TRY(call_grammar(rules, CallSigns(*impl_->tokenizer)));
    machine =
        std::make_shared<GrammarMachine>(std::move(grammar), impl_->trie_for_calls(), impl_->ends);
    impl_->keep(rules, machine);
  }
  return GrammarMachine::start(std::move(machine));
}

}  // namespace seine::engine
