// MatrixView: a weight matrix as it lies in the model file, the operand of every product, and where
// there is one the interleaved copy (interleave.h), which products of few rows read instead. A
// view; the model file and the model own the bytes. Included by files compiled for one instruction
// set: no inline functions of the library here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/formats/dtype.h"

namespace seine::engine {

struct MatrixView {
  DType type = DType::kF32;
  const std::byte* data = nullptr;  // (rows, columns), rows contiguous, any alignment
  std::int64_t rows = 0;            // outputs
  std::int64_t columns = 0;         // inputs
  std::int64_t row_bytes = 0;
  const std::byte* f8_scales = nullptr;    // kF8E4M3: F32 (ceil(rows/128), ceil(columns/128))
  std::int64_t f8_first_row = 0;           // row of the scaled tensor that row 0 of this view is
  const std::byte* interleaved = nullptr;  // the same weights in that layout, or null
};

}  // namespace seine::engine
