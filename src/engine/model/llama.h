// The llama family: pre-norm layers of grouped-query attention and a gated MLP. DeepSeek LLM and
// the R1 distillations onto Llama are llama; those onto Qwen are qwen2 (biases on q, k and v) and
// qwen3 (norms on query and key heads). Paper: Llama 2 (2307.09288), section 2.2.
#pragma once

#include <memory>

#include "base/error.h"
#include "engine/model/causal_model.h"

namespace seine::engine {

base::Result<std::unique_ptr<Model>> load_llama(const ModelSource& source);
base::Result<std::unique_ptr<Model>> load_qwen(const ModelSource& source);

}  // namespace seine::engine
