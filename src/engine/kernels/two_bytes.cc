#include "engine/kernels/two_bytes.h"

#include <algorithm>
#include <cmath>

#include "engine/kernels/cpu/panel.h"
#include "engine/kernels/cpu/rows.h"

namespace seine::engine {
namespace {

// What a byte each leaves of a block of activations: the rounding of every row's pack().
void leave(const float* x, std::int64_t count, float* rest) {
  float most = 0;
  for (std::int64_t i = 0; i < count; ++i) most = std::max(most, std::abs(x[i]));
  const float inverse = most > 0 ? 127.0F / most : 0;
  const float scale = most / 127.0F;
  constexpr float kToInteger = 3 << 22;  // what is added to it loses its fraction, half to even
  for (std::int64_t i = 0; i < count; ++i) {
    const float code = std::clamp(x[i] * inverse, -127.0F, 127.0F) + kToInteger - kToInteger;
    rest[i] = x[i] - code * scale;
  }
}

// Packed: the first bytes and the second, each as kRow packs them, then the floats that the second
// are made of.
template <const Kernels& kRow>
struct TwoBytes {
  static std::size_t plane_bytes(std::int64_t rows, std::int64_t columns) {
    return (kRow.packed_bytes(rows, columns) + 63) / 64 * 64;
  }
  static std::size_t packed_bytes(std::int64_t rows, std::int64_t columns) {
    return 2 * plane_bytes(rows, columns) +
           static_cast<std::size_t>(rows * columns) * sizeof(float);
  }

  static void pack(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                   std::int64_t first, std::int64_t last, std::byte* out) {
    const std::size_t plane = plane_bytes(rows, columns);
    auto* rest = reinterpret_cast<float*>(out + 2 * plane);
    for (std::int64_t m = first * kPackRows; m < std::min(last * kPackRows, rows); ++m) {
      for (std::int64_t k = 0; k < columns; k += kBlock) {
        leave(x + m * stride + k, std::min<std::int64_t>(kBlock, columns - k),
              rest + m * columns + k);
      }
    }
    kRow.pack(x, stride, rows, columns, first, last, out);
    kRow.pack(rest, columns, rows, columns, first, last, out + plane);
  }

  static void gemm(const MatrixView& w, std::int64_t first, std::int64_t last,
                   const ActivationView& x, float* y, std::int64_t y_stride, bool accumulate,
                   std::byte* scratch) {
    if (!kRow.wants_packed(w.type))
      return kRow.gemm(w, first, last, x, y, y_stride, accumulate, scratch);
    ActivationView rest = x;
    rest.packed += plane_bytes(x.rows, x.columns);
    // Few rows wait for memory: what they read the second time shall still be in L2. More rows
    // decode weights into panels, of as many outputs as they are given.
    constexpr std::int64_t kFew = 8;
    constexpr std::int64_t kNear = 96;
    const std::int64_t step = x.rows <= kFew ? kNear : last - first;
    for (std::int64_t n = first; n < last; n += step) {
      const std::int64_t end = std::min(n + step, last);
      kRow.gemm(w, n, end, x, y, y_stride, accumulate, scratch);
      kRow.gemm(w, n, end, rest, y, y_stride, true, scratch);
    }
  }

  static const Kernels& row() {
    static const Kernels kernels{kRow.isa, kRow.wants_packed,      packed_bytes, pack,
                                 gemm,     kRow.reads_interleaved, kRow.prompt};
    return kernels;
  }
};

}  // namespace

const Kernels& with_two_bytes(const Kernels& row) {
  if (&row == &kAvx2Kernels) return TwoBytes<kAvx2Kernels>::row();
  if (&row == &kAvx512VnniKernels) return TwoBytes<kAvx512VnniKernels>::row();
  if (&row == &kAmxKernels) return TwoBytes<kAmxKernels>::row();
  return row;
}

}  // namespace seine::engine
