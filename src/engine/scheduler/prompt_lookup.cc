#include "engine/scheduler/prompt_lookup.h"

#include <algorithm>

namespace seine::engine {

std::span<const TokenId> prompt_lookup(std::span<const TokenId> tokens, std::size_t count) {
  if (count == 0) return {};
  if (tokens.size() > kLookupTokens) tokens = tokens.last(kLookupTokens);
  for (const std::size_t n : {std::size_t{3}, std::size_t{2}}) {
    if (tokens.size() <= n) continue;
    const std::span<const TokenId> tail = tokens.last(n);
    for (std::size_t at = tokens.size() - n; at-- > 0;) {
      if (tokens[at] != tail[0] || !std::ranges::equal(tokens.subspan(at, n), tail)) continue;
      const std::size_t from = at + n;
      return tokens.subspan(from, std::min(count, tokens.size() - from));
    }
  }
  return {};
}

}  // namespace seine::engine
