// Span constraint: an answer is a contiguous run of tokens of one of the passages, then the
// citation of a passage that holds the run; or the refusal alone. So every answer is literal and
// cited by construction. The compiled part is shared by clones, any thread.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "engine/constraint/constraint.h"

namespace seine::engine {

struct SpanSpec {
  // Tokens of each passage, as the prompt shows them; at most SuffixAutomaton::kPassagesMax.
  std::vector<std::vector<TokenId>> passages;
  // How passage i is cited, in tokens: one citation token, or " [3]" spelt out. Not empty.
  std::vector<std::vector<TokenId>> citations;
  // The whole answer "not in the passages", in tokens; empty: an answer is forced.
  std::vector<TokenId> refusal;
  // The tokens that end generation.
  std::vector<TokenId> ends;
  std::size_t vocabulary = 0;
  // Runs longer than this are not continued.
  std::size_t span_tokens_max = 64;
};

base::Result<std::unique_ptr<Constraint>> make_span_constraint(SpanSpec spec);

}  // namespace seine::engine
