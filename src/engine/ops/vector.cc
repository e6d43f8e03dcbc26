#include "engine/ops/vector.h"

namespace seine::engine {

const VectorOps& vector_ops_for(std::string_view kernels_isa) {
  if (kernels_isa == "avx2") return kAvx2VectorOps;
  if (kernels_isa.starts_with("avx512") || kernels_isa == "amx") return kAvx512VectorOps;
  if (kernels_isa == "amx prompt") return kAmxPromptVectorOps;
  return kRefVectorOps;
}

}  // namespace seine::engine
