// Block codecs: every weight format to float and back. Plain readable reference versions, the
// measure of the fast kernels; decoding is bit-exact by definition, encoding searches the scales
// that minimise the (weighted) squared error. Pure functions, safe on any thread.
#pragma once

#include <cstddef>

#include "engine/formats/dtype.h"

namespace seine::engine {

// `elements` (a multiple of the block) of a decodable type from `in` to `out`. kF8E4M3 comes
// without its scale: Tensor::read_f32 applies it.
void dequantize_row(DType type, const std::byte* in, float* out, std::size_t elements);

// The reverse, for an encodable type. `importance` is null or holds a non-negative weight for each
// element: the mean square of the activation it multiplies. Not-a-number encodes as zero.
void quantize_row(DType type, const float* in, const float* importance, std::byte* out,
                  std::size_t elements);

}  // namespace seine::engine
