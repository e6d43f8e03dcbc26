// What FTS5 calls back into: the tokenizer "seine" and the ranking function seine_bm25. Registered
// on each connection; SQLite owns what it makes of them.
#pragma once

#include "base/error.h"

struct sqlite3;

namespace seine::store::detail {

// In a query, a string that starts with this byte is one term as it stands in the index.
inline constexpr char kRawTerm = '\x01';

base::Result<void> register_text_search(sqlite3* handle);

}  // namespace seine::store::detail
