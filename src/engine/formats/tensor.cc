#include "engine/formats/tensor.h"

#include <algorithm>

#include "base/assert.h"
#include "engine/formats/codec.h"
#include "engine/formats/half.h"

namespace seine::engine {

std::uint64_t Tensor::rows() const {
  std::uint64_t rows = 1;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) rows *= shape[i];
  return rows;
}

std::uint64_t Tensor::bytes() const {
  std::uint64_t total = 0;
  for (const TensorPart& part : parts) total += part.bytes.size() + part.scales.size();
  return total;
}

std::span<const std::byte> Tensor::row(std::uint64_t index) const {
  SEINE_ASSERT(index < rows(), "a tensor has no such row");
  const std::uint64_t rows_per_part = rows() / parts.size();
  const std::uint64_t row_size = row_bytes(dtype, columns()).value();
  return parts[index / rows_per_part].bytes.subspan(index % rows_per_part * row_size, row_size);
}

TensorPart Tensor::matrix(std::uint64_t index) const {
  const std::uint64_t count = shape.size() > 2 ? rows() / shape[shape.size() - 2] : 1;
  SEINE_ASSERT(index < count, "a tensor has no such matrix");
  if (parts.size() == count) return parts[index];
  const TensorPart& whole = parts.front();
  const std::size_t size = whole.bytes.size() / count;
  return {whole.bytes.subspan(index * size, size), {}};
}

void Tensor::read_f32(std::uint64_t first, std::uint64_t count, float* out) const {
  const std::uint64_t width = columns();
  const std::uint64_t rows_per_part = rows() / parts.size();
  const std::uint64_t scale_columns = (width + kF8Block - 1) / kF8Block;
  for (std::uint64_t i = first; i < first + count; ++i, out += width) {
    dequantize_row(dtype, row(i).data(), out, width);
    const std::span<const std::byte> scales = parts[i / rows_per_part].scales;
    if (scales.empty()) continue;
    const std::byte* row_scales =
        scales.data() + i % rows_per_part / kF8Block * scale_columns * sizeof(float);
    for (std::uint64_t j = 0; j < width; ++j) {
      out[j] *= load_unaligned<float>(row_scales + j / kF8Block * sizeof(float));
    }
  }
}

}  // namespace seine::engine
