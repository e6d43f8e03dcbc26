// Constraint: what one answer must look like, as a state machine over its tokens that says which
// may come next. One object follows one stream and belongs to one thread at a time; clones part
// ways (a beam, a guess that may be taken back) and share what is compiled. A mask that was
// computed once is remembered by its state, so a step costs a look-up.
#pragma once

#include <memory>

#include "engine/constraint/token_mask.h"

namespace seine::engine {

class Constraint {
 public:
  virtual ~Constraint() = default;

  // The tokens that may come next. The tokens that end generation are among them where may_end(),
  // and nothing else is once ended(). It is never empty before that, unless the vocabulary cannot
  // spell what comes next. Valid until the next call of a member that is not const.
  virtual const TokenMask& mask() = 0;
  // Takes the next token of the answer; false, and nothing changes, when it is not allowed.
  virtual bool accept(TokenId id) = 0;
  // The answer could stop here and be whole.
  virtual bool may_end() const = 0;
  // A token that ends generation was taken.
  virtual bool ended() const = 0;
  virtual std::unique_ptr<Constraint> clone() const = 0;

 protected:
  Constraint() = default;
  Constraint(const Constraint&) = default;
  Constraint& operator=(const Constraint&) = default;
};

// Allows everything until `marker` was taken ("</think>"), then only what `inner` allows.
std::unique_ptr<Constraint> constrain_after(TokenId marker, std::size_t vocabulary,
                                            std::unique_ptr<Constraint> inner);

}  // namespace seine::engine
