// The blocks of a page that a watch looks at. Pure.
#pragma once

#include <vector>

#include "base/error.h"
#include "web/page_document.h"
#include "web/watch/watch.h"

namespace seine::web {

inline constexpr std::size_t kWatchedBlocksMax = 5'000;
inline constexpr std::size_t kWatchedBytesMax = std::size_t{1} << 20;

// All of them, or those that the watch's `block` names. Past the bounds the rest is not looked at.
// An error with a verdict where there are none: an empty page is no reading.
base::Result<std::vector<WatchBlock>> watched_blocks(const PageDocument& page,
                                                     const WatchSpec& spec);

}  // namespace seine::web
