// Compute: what ops run on (threads, matrix kernels, vector ops) and the products of activations
// with weights. One batch runs at a time; buffers are sized when the model is built, so that
// nothing allocates while it runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/kernels/table.h"
#include "engine/kernels/thread_pool.h"
#include "engine/ops/vector.h"

namespace seine::engine {

// 64-byte aligned bytes of a fixed size.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::size_t size);
  AlignedBytes(AlignedBytes&& other) noexcept;
  AlignedBytes& operator=(AlignedBytes&& other) noexcept;
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;
  ~AlignedBytes();
  std::byte* data() { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Rows of activations that several products read, packed at most once for all of them.
class Activations {
 public:
  Activations() = default;
  Activations(const Kernels& kernels, std::int64_t rows_max, std::int64_t columns_max);

  // x: (rows, columns), `stride` floats between rows. Must stay as it is until the next set().
  void set(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns);
  const ActivationView& view() const { return view_; }
  std::size_t bytes() const { return packed_.size(); }

 private:
  friend class Compute;
  ActivationView view_;
  AlignedBytes packed_;
};

// y (rows, w.rows) (+)= x w^T
struct Product {
  const MatrixView* weight = nullptr;
  float* y = nullptr;
  std::int64_t stride = 0;
  bool accumulate = false;
};

class Compute {
 public:
  Compute(ThreadPool& pool, const Kernels& kernels);

  ThreadPool& pool() const { return pool_; }
  const Kernels& kernels() const { return kernels_; }
  const VectorOps& vector() const { return vector_; }

  // Products that read the same activations, in one pass over the threads.
  void multiply(Activations& x, std::span<const Product> products) const;
  void multiply(Activations& x, const MatrixView& weight, float* y, bool accumulate = false) const;
  // The same on the calling thread alone: `packed` has room for the rows of `x` (see Packs).
  void multiply_here(const MatrixView& weight, const float* x, std::int64_t stride,
                     std::int64_t rows, float* y, std::int64_t y_stride, std::byte* packed,
                     int thread) const;

  // y[r] = rmsnorm(x[r]) * w, rows of `width` values.
  void rmsnorm(const float* x, const float* w, std::int64_t rows, std::int64_t width, float eps,
               float* y) const;
  // gate[r] = silu(gate[r]) * up[r]
  void silu_mul(float* gate, const float* up, std::int64_t rows, std::int64_t width) const;
  // y[r] += bias
  void add_bias(float* y, const std::vector<float>& bias, std::int64_t rows) const;

 private:
  ThreadPool& pool_;
  const Kernels& kernels_;
  const VectorOps& vector_;
};

}  // namespace seine::engine
