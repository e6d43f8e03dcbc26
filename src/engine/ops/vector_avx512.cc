#include "engine/ops/vector_impl.h"

namespace seine::engine {

const VectorOps kAvx512VectorOps = SEINE_VECTOR_ROW("avx512");

}  // namespace seine::engine
