// The memory of a model, from its headers: an upper bound of what loading it allocates. Sums and
// products stop at the largest number instead of going round, since the numbers are foreign.
#pragma once

#include "engine/model/registry.h"

namespace seine::engine {

base::Result<MemoryEstimate> measure_memory(const ModelFile& file, const ModelSettings& settings);

}  // namespace seine::engine
