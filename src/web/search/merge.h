// One list from several: reciprocal rank fusion (Cormack et al. 2009) over pages that are the same
// by dedup_key. Pure.
#pragma once

#include <vector>

#include "web/search/search.h"

namespace seine::web {

std::vector<SearchHit> merge_hits(const std::vector<std::vector<SearchHit>>& lists,
                                  std::size_t limit);

}  // namespace seine::web
