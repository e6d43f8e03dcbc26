// ProductObserver: sees the activations that each weight is multiplied with, for calibration. A
// model without one pays nothing. Called from any of the model's threads.
#pragma once

#include <cstdint>
#include <span>

#include "engine/kernels/matrix.h"

namespace seine::engine {

class ProductObserver {
 public:
  virtual ~ProductObserver() = default;
  // x: (rows, columns) that each of the weights is multiplied with, `stride` floats between rows.
  virtual void see(std::span<const MatrixView* const> weights, const float* x, std::int64_t stride,
                   std::int64_t rows) = 0;
};

}  // namespace seine::engine
