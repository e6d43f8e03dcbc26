// Numbers between two bounds as grammar: decimals without an exponent, compared with the bounds
// digit by digit, so that what is written is inside them by construction. Pure functions.
#pragma once

#include <optional>

#include "base/error.h"
#include "engine/constraint/grammar.h"

namespace seine::engine {

struct NumberRange {
  struct Bound {
    double value = 0;
    bool open = false;  // the bound itself is outside
  };
  std::optional<Bound> least;
  std::optional<Bound> most;
  bool whole = false;  // integers only
};

// An error for bounds that decimals of 15 digits cannot tell apart.
base::Result<Grammar::NodeId> emit_number_range(Grammar& grammar, const NumberRange& range,
                                                Grammar::NodeId next);

}  // namespace seine::engine
