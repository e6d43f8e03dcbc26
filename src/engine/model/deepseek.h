// DeepSeek V2, V3 and R1 (GGUF's deepseek2): multi-head latent attention, first layers dense, then
// mixtures of experts; V3's multi-token prediction module as a layer of its own. What differs
// between the versions is said by the checkpoint: the low-rank query, the score function, groups,
// the balancing bias, scales. Papers: DeepSeek-V2 (2405.04434), DeepSeek-V3 (2412.19437).
#pragma once

#include <memory>

#include "base/error.h"
#include "engine/model/causal_model.h"

namespace seine::engine {

base::Result<std::unique_ptr<Model>> load_deepseek(const ModelSource& source);

}  // namespace seine::engine
