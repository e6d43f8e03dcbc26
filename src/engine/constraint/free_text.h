// Free text as grammar: any text that spells none of some signs, and goes on elsewhere where an
// exit is written. An Aho-Corasick automaton over the signs (CACM 18, 1975). Belongs to the
// building of one grammar.
#pragma once

#include <span>
#include <string>

#include "engine/constraint/grammar.h"

namespace seine::engine {

struct FreeTextExit {
  std::string sign;  // as it is written; a code of CallSigns in it may stand at any place
  Grammar::NodeId next = Grammar::kEnd;
};

// Bytes of UTF-8 text that hold neither `forbidden` nor, but to leave, an exit's sign. may_end: the
// rule may end in the text.
Grammar::NodeId emit_free_text(Grammar& grammar, std::span<const std::string> forbidden,
                               std::span<const FreeTextExit> exits, bool may_end);

}  // namespace seine::engine
