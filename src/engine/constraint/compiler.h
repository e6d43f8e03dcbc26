// ConstraintCompiler: from what a request asks of an answer's text (JSON, a JSON schema, a regular
// expression) to a Constraint over one tokenizer's vocabulary. Holds the vocabulary as a trie and
// remembers the last compiled forms, so that equal requests share automata and masks. Any thread.
//
// Errors name the keyword, the place in the schema or the column of the pattern, and the limit.
#pragma once

#include <cstddef>
#include <memory>

#include "base/error.h"
#include "engine/constraint/call_grammar.h"
#include "engine/constraint/constraint.h"
#include "engine/tokenizer/tokenizer.h"
#include "llm/request.h"

namespace seine::engine {

class ConstraintCompiler {
 public:
  explicit ConstraintCompiler(std::shared_ptr<const Tokenizer> tokenizer);
  ~ConstraintCompiler();
  ConstraintCompiler(const ConstraintCompiler&) = delete;
  ConstraintCompiler& operator=(const ConstraintCompiler&) = delete;

  // Null where the request asks for nothing. Spans are refused: what their citations look like is
  // the model's affair (span_constraint.h).
  base::Result<std::unique_ptr<Constraint>> compile(const llm::Constraint& wanted);

  // The same of an answer that calls tools.
  base::Result<std::unique_ptr<Constraint>> compile_calls(const CallRules& rules);

  static constexpr std::size_t kCompiledMax = 16;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::engine
