// Names Json without the cost of its definition (0.1 s against 2 s a unit). Headers include this
// one.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace seine::base {

// Keeps the order of keys: what a user wrote comes back in the order it was written.
using Json = nlohmann::ordered_json;

}  // namespace seine::base
