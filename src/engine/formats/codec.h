// Block codecs: every weight format to float and back. Plain readable reference versions, the
// measure of the fast kernels; decoding is bit-exact by definition, encoding searches the scales
// that minimise the (weighted) squared error. Pure functions, safe on any thread.
#pragma once

#include <cstddef>
#include <span>

#include "engine/formats/dtype.h"
#include "engine/formats/input_moments.h"

namespace seine::engine {

// `elements` (a multiple of the block) of a decodable type from `in` to `out`. kF8E4M3 comes
// without its scale: Tensor::read_f32 applies it.
void dequantize_row(DType type, const std::byte* in, float* out, std::size_t elements);

// The reverse, for an encodable type. Not-a-number encodes as zero.
void quantize_row(DType type, const float* in, std::byte* out, std::size_t elements);

// Up to kRowsTogether rows of a matrix. `feedback`: none, or one for each stretch of a row; errors
// are then weighted by it and made good in other elements. in: (rows, elements)
inline constexpr std::size_t kRowsTogether = 8;
void quantize_rows(DType type, const float* in, std::size_t rows,
                   std::span<const ErrorFeedback> feedback, std::byte* out, std::size_t elements);

}  // namespace seine::engine
