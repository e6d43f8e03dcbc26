// The plain products that the fast rows are measured against: decode a row, multiply in double.
#include <vector>

#include "engine/formats/codec.h"
#include "engine/formats/half.h"
#include "engine/kernels/cpu/rows.h"

namespace seine::engine {
namespace {

bool wants_packed(DType) {
  return false;
}
std::size_t packed_bytes(std::int64_t, std::int64_t) {
  return 0;
}
void pack(const float*, std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t,
          std::byte*) {}

void gemm(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
          float* y, std::int64_t y_stride, bool accumulate, std::byte*) {
  std::vector<float> row(static_cast<std::size_t>(w.columns));
  for (std::int64_t n = first; n < last; ++n) {
    dequantize_row(w.type, w.data + n * w.row_bytes, row.data(), row.size());
    if (w.f8_scales != nullptr) {
      const std::int64_t wide = (w.columns + 127) / 128;
      for (std::int64_t k = 0; k < w.columns; ++k) {
        row[static_cast<std::size_t>(k)] *=
            load_unaligned<float>(w.f8_scales + 4 * ((w.f8_first_row + n) / 128 * wide + k / 128));
      }
    }
    for (std::int64_t m = 0; m < x.rows; ++m) {
      double sum = 0;
      for (std::int64_t k = 0; k < w.columns; ++k) {
        sum += double{x.f32[m * x.stride + k]} * row[static_cast<std::size_t>(k)];
      }
      float& to = y[m * y_stride + n];
      to = static_cast<float>(accumulate ? to + sum : sum);
    }
  }
}

}  // namespace

const Kernels kRefKernels = {"ref", wants_packed, packed_bytes, pack, gemm, false, nullptr};

}  // namespace seine::engine
