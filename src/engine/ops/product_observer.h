// ProductObserver: sees the activations that each weight is multiplied with, for calibration. A
// model without one pays nothing. Called from any of the model's threads.
#pragma once

#include <cstdint>

#include "engine/kernels/matrix.h"

namespace seine::engine {

class ProductObserver {
 public:
  virtual ~ProductObserver() = default;
  // x: (rows, weight.columns), `stride` floats between rows.
  virtual void see(const MatrixView& weight, const float* x, std::int64_t stride,
                   std::int64_t rows) = 0;
};

}  // namespace seine::engine
