// Compute: what ops run on (threads, matrix kernels, vector ops) and the products of activations
// with weights. One batch runs at a time; buffers are sized when the model is built, so that
// nothing allocates while it runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/kernels/table.h"
#include "engine/kernels/thread_pool.h"
#include "engine/ops/product_observer.h"
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

// How many rows of a batch are of which Phase: those that decode come first.
struct RowCounts {
  std::int64_t decode = 0;
  std::int64_t prompt = 0;
  std::int64_t all() const { return decode + prompt; }
};

// Rows of activations that several products read, packed at most once for all of them. Rows of
// prompts are packed apart where the kernels have another form for them.
class Activations {
 public:
  Activations() = default;
  Activations(const Kernels& kernels, std::int64_t rows_max, std::int64_t columns_max);

  // x: (rows, columns), `stride` floats between rows. Must stay as it is until the next set().
  void set(const float* x, std::int64_t stride, RowCounts rows, std::int64_t columns);
  RowCounts rows() const { return {parts_[0].view.rows, parts_[1].view.rows}; }
  std::size_t bytes() const { return parts_[0].packed.size() + parts_[1].packed.size(); }

 private:
  friend class Compute;
  struct Part {
    const Kernels* kernels = nullptr;
    ActivationView view;
    AlignedBytes packed;
  };
  Part parts_[2];  // rows that decode, rows of prompts
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
  // observer: null without one; outlives this.
  Compute(ThreadPool& pool, const Kernels& kernels, ProductObserver* observer = nullptr);

  ThreadPool& pool() const { return pool_; }
  const Kernels& kernels() const { return kernels_; }
  // The kernels for rows of prompts; the same as kernels() where one form serves all.
  const Kernels& prompt_kernels() const {
    return kernels_.prompt != nullptr ? *kernels_.prompt : kernels_;
  }
  const VectorOps& vector() const { return vector_; }
  const VectorOps& prompt_vector() const { return prompt_vector_; }

  // Tells the observer of products that are made without multiply().
  bool is_observed() const { return observer_ != nullptr; }
  void tell(std::span<const MatrixView* const> weights, const float* x, std::int64_t stride,
            std::int64_t rows) const {
    if (observer_ != nullptr && rows > 0) observer_->see(weights, x, stride, rows);
  }
  void tell(const MatrixView& weight, const float* x, std::int64_t stride,
            std::int64_t rows) const {
    const MatrixView* const one = &weight;
    tell({&one, 1}, x, stride, rows);
  }

  // Products that read the same activations, in one pass over the threads.
  void multiply(Activations& x, std::span<const Product> products) const;
  void multiply(Activations& x, const MatrixView& weight, float* y, bool accumulate = false) const;
  // The same on the calling thread alone: `packed` has room for the rows of `x`.
  void multiply_here(const MatrixView& weight, const float* x, std::int64_t stride, RowCounts rows,
                     float* y, std::int64_t y_stride, std::byte* packed, int thread) const;
  // Room for rows of either phase.
  std::size_t packed_bytes(std::int64_t rows, std::int64_t columns) const;

  // y[r] = rmsnorm(x[r]) * w, rows of `width` values.
  void rmsnorm(const float* x, const float* w, std::int64_t rows, std::int64_t width, float eps,
               float* y) const;
  // gate[r] = silu(gate[r]) * up[r]
  void silu_mul(float* gate, const float* up, std::int64_t rows, std::int64_t width) const;
  // y[r] += bias
  void add_bias(float* y, const std::vector<float>& bias, std::int64_t rows) const;

 private:
  // Packs what is not packed yet, if any of the products wants that.
  void pack(Activations::Part& part, std::span<const Product> products) const;

  ThreadPool& pool_;
  const Kernels& kernels_;
  const VectorOps& vector_;
  const VectorOps& prompt_vector_;
  ProductObserver* observer_;
};

}  // namespace seine::engine
