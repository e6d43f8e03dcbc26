// Tensor: a named weight that lies in a mapped file. A view: the ModelFile that lists it owns the
// mapping and must outlive it. Never copies, never converts. Safe to read on any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/formats/dtype.h"

namespace seine::engine {

// Edge of the square of weights that shares one FP8 scale (DeepSeek-V3 report, section 3.3.2).
inline constexpr std::uint64_t kF8Block = 128;

// One contiguous piece. Start addresses may be unaligned: read through memcpy or unaligned loads.
struct TensorPart {
  std::span<const std::byte> bytes;
  // kF8E4M3 only, else empty: F32 (ceil(rows/128), ceil(columns/128)), weight = q * scale.
  std::span<const std::byte> scales;
};

struct Tensor {
  std::string name;         // in GGUF's vocabulary: "blk.0.attn_q.weight"
  std::string stored_name;  // what the file calls it (the first of several for stacked experts)
  DType dtype = DType::kF32;
  // Outermost first, as PyTorch prints it: a matrix is (out, in), stacked experts (experts, out,
  // in). GGUF files store the reverse; the reader turns it round. The last is along the row.
  std::vector<std::uint64_t> shape;
  // One part that holds everything; or, for experts stored one by one, one part per expert.
  std::vector<TensorPart> parts;

  std::uint64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  // All dimensions but the last, multiplied. The readers have checked that nothing overflows.
  std::uint64_t rows() const;
  std::uint64_t elements() const { return rows() * columns(); }
  std::uint64_t bytes() const;
  // Bytes of row `row`, counted over all leading dimensions.
  std::span<const std::byte> row(std::uint64_t row) const;
  // Part and bytes of matrix `index` of a 3-D tensor (an expert); index 0 of a 2-D one is itself.
  TensorPart matrix(std::uint64_t index) const;
  // Rows [first, first + count) as F32 into out (count * columns()), dequantised.
  void read_f32(std::uint64_t first, std::uint64_t count, float* out) const;
};

}  // namespace seine::engine
