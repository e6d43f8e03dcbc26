// What of a block counts when two readings are compared: its text without white space at will and
// without the parts that a watch's noise rules take for no news. Pure, linear in the text.
#pragma once

#include <string>
#include <string_view>

#include "web/watch/watch.h"

namespace seine::web {

// The key of a block: equal keys are equal blocks. Empty: the block is not looked at.
std::string block_key(std::string_view markdown, const WatchSpec& spec);

}  // namespace seine::web
