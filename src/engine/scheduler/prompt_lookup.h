// Prompt lookup: guesses what comes next from where the last tokens stood before. Answers that
// quote their sources, and code, repeat what the context holds. Pure.
#pragma once

#include <cstddef>
#include <span>

#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {

// What followed the latest earlier occurrence of the last three tokens, else of the last two; at
// most `count` tokens, empty when they stood nowhere. Looks back kLookupTokens at most.
inline constexpr std::size_t kLookupTokens = 16'384;
std::span<const TokenId> prompt_lookup(std::span<const TokenId> tokens, std::size_t count);

}  // namespace seine::engine
