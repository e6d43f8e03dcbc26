// Encoders for embeddings: classic BERT (1810.04805: learned positions, layer norms after each
// part, GELU) and this project's own shape, "seine-embed" (rotary positions, RMS norms before each
// part, SwiGLU, bidirectional).
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"
#include "engine/model/causal_model.h"

namespace seine::engine {

// Of the architectures here: they keep nothing between calls.
constexpr bool is_encoder(std::string_view architecture) {
  return architecture == "bert" || architecture == "seine-embed";
}

base::Result<std::unique_ptr<Model>> load_bert(const ModelSource& source);
base::Result<std::unique_ptr<Model>> load_seine_embed(const ModelSource& source);

}  // namespace seine::engine
