#include "engine/ops/vector_impl.h"

namespace seine::engine {

const VectorOps kAvx2VectorOps = SEINE_VECTOR_ROW("avx2");

}  // namespace seine::engine
