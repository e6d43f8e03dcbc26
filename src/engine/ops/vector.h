// VectorOps: the element-wise and inner-product steps between the big products, one row of function
// pointers per instruction set (ref, avx2, avx512). The vector rows are one algorithm compiled
// twice (vector_impl.h); ref is the plain form they are measured against. A row for prompts on AMX
// takes attention's products in tiles of bf16. Pure functions on the
// calling thread; sizes in values. A result never depends on the number of queries, keys or rows
// handed over together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace seine::engine {

// Attention reads keys in tiles of this many positions, counted from position 0, and sums each tile
// apart: so a query's bits do not depend on how the prompt was cut.
inline constexpr std::int32_t kTileKeys = 64;
// Widths of tiles and queries are padded with zeros to a multiple of this.
inline constexpr std::int32_t kLanes = 16;
constexpr std::int32_t padded(std::int32_t width) {
  return (width + kLanes - 1) / kLanes * kLanes;
}

// Queries that attention hands over together: enough to pay for decoding a tile, few enough that
// their sums stay in L1. Tiles of bf16 are made of the keys once for all queries, which is dearer
// than sums in L2.
inline constexpr std::int32_t kQueriesInL1 = 32;
inline constexpr std::int32_t kQueriesMost = 128;

struct VectorOps {
  std::string_view isa;
  std::int32_t queries;  // kQueriesInL1 or kQueriesMost

  // sum a[i] b[i]
  float (*dot)(const float* a, const float* b, std::int64_t n);
  // y = x / sqrt(mean(x^2) + eps) * w; w may be null (all ones), y may be x.
  void (*rmsnorm)(const float* x, const float* w, std::int64_t n, float eps, float* y);
  // gate[i] = silu(gate[i]) * up[i]
  void (*silu_mul)(float* gate, const float* up, std::int64_t n);
  // y[i] += a x[i]
  void (*axpy)(float a, const float* x, float* y, std::int64_t n);
  // out[q * kTileKeys + t] = scale * queries[q] . keys[t]; width is a multiple of kLanes.
  // queries: (n_queries, width), keys: (n_keys <= kTileKeys, width)
  void (*scores)(const float* queries, std::int32_t n_queries, const float* keys,
                 std::int32_t n_keys, std::int32_t width, float scale, float* out);
  // A tile of scores joins a running softmax: with m the largest of *max and the first `valid`
  // scores (one at least), x[t] = exp(x[t] - m) for those and exactly 0 for the rest of the tile.
  // Returns the factor exp(*max - m) for what was summed before, 1 where nothing changes; *total
  // takes factor and sum, *max becomes m.
  float (*fold_tile)(float* x, std::int32_t valid, float* max, float* total);
  // y[i] *= a
  void (*shrink)(float a, float* y, std::int64_t n);
  // out[q] += sum_t weights[q * kTileKeys + t] values[t]; width is a multiple of kLanes.
  // values: (n_keys, stride), out: (n_queries, out_stride)
  void (*weighted_sum)(const float* weights, std::int32_t n_queries, const float* values,
                       std::int32_t stride, std::int32_t n_keys, std::int32_t width, float* out,
                       std::int32_t out_stride);
  // f16 to f32 and back; back saturates at the largest half.
  void (*from_f16)(const std::byte* in, std::int32_t n, float* out);
  void (*to_f16)(const float* in, std::int32_t n, std::byte* out);
  // out[i] = scale * in[i]
  void (*from_i8)(const std::byte* in, float scale, std::int32_t n, float* out);
};

extern const VectorOps kRefVectorOps;
extern const VectorOps kAvx2VectorOps;
extern const VectorOps kAvx512VectorOps;
extern const VectorOps kAmxPromptVectorOps;

// The row that goes with a row of matrix kernels: whoever can run the one can run the other.
const VectorOps& vector_ops_for(std::string_view kernels_isa);

}  // namespace seine::engine
