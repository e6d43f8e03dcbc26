// The part of a text that says most about a query, and where the query's words stand in it. Pure.
#pragma once

#include <string_view>
#include <unordered_map>

#include "store/text_index.h"
#include "store/tokenizer.h"

namespace seine::store::detail {

struct Snippet {
  ByteSpan span;
  std::vector<ByteSpan> matches;  // in order, not overlapping, within span
};

// Weight of each query term (its idf). A window of about `bytes_max` bytes, from a sentence's
// beginning where one is near; the beginning of the text when no term occurs.
Snippet make_snippet(Tokenizer& tokenizer, std::string_view body,
                     const std::unordered_map<std::string, double>& terms, std::size_t bytes_max);

}  // namespace seine::store::detail
