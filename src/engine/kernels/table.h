// Kernels: one row of function pointers per instruction set (ref, avx2, avx512vnni, amx). The row
// is chosen once from what the processor and the kernel of the system allow; SEINE_CPU_ISA=NAME or
// kernels_of(NAME) forces one. All functions are pure, run on the calling thread and allocate
// nothing: splitting work over threads is the caller's business (thread_pool.h).
//
// Every product gives a row of the result the same bits whatever other rows are computed with it
// by the same kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/error.h"
#include "engine/kernels/matrix.h"

namespace seine::engine {

// Scratch that a thread lends to Kernels::gemm, aligned to 64 bytes.
inline constexpr std::size_t kGemmScratchBytes = std::size_t{3} << 19;  // 1.5 MiB
// Activations are packed in tiles of this many rows.
inline constexpr std::int64_t kPackRows = 16;

// Rows of activations, in the form that products need.
struct ActivationView {
  const float* f32 = nullptr;  // (rows, columns) with `stride` floats between rows
  std::int64_t stride = 0;
  const std::byte* packed = nullptr;  // what Kernels::pack made of them; null where not needed
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

struct Kernels {
  std::string_view isa;

  // Whether products with weights of this type read ActivationView::packed (else f32).
  bool (*wants_packed)(DType type);
  std::size_t (*packed_bytes)(std::int64_t rows, std::int64_t columns);
  // Packs row tiles [first, last) of 16 rows each.
  void (*pack)(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
               std::int64_t first, std::int64_t last, std::byte* out);
  // y[m * y_stride + n] (+)= sum_k x[m, k] w[n, k] for n in [first, last).
  void (*gemm)(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
               float* y, std::int64_t y_stride, bool accumulate, std::byte* scratch);
  // Whether gemm reads MatrixView::interleaved where it is there: the same bits, faster for few
  // rows.
  bool reads_interleaved;
  // The kernels for rows of prompts where other arithmetic is the faster for many rows, whose bits
  // then differ; null where there is one for all.
  const Kernels* prompt;
};

// The row for this machine, or the one that SEINE_CPU_ISA names. An error that names the choices
// when that cannot run here: programs ask once at start, so that a misspelt name is not ignored.
base::Result<const Kernels*> chosen_kernels();
// The same row, the fastest where SEINE_CPU_ISA is in error.
const Kernels& kernels();
// Rows that can run here, slowest first; "ref" is always there.
std::span<const Kernels* const> available_kernels();
base::Result<const Kernels*> kernels_of(std::string_view isa);

}  // namespace seine::engine
