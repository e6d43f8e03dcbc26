// What the inputs of a weight were while the model read a text, and what a quantiser makes of it:
// how much an error in each weight costs, and how the weights after a rounded one make it good.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"

namespace seine::engine {

struct Tensor;

// Inputs whose errors are made good among themselves; whole blocks of every format. Longer ones
// gain more, and cost memory and time by their length.
inline constexpr std::size_t kStretch = 1024;

// Of one matrix: the means of x[i] x[j] over what it was multiplied with, for inputs of the same
// stretch. The last stretch may be narrower.
class InputMoments {
 public:
  InputMoments() = default;
  explicit InputMoments(std::size_t columns);

  std::size_t columns() const { return columns_; }
  std::size_t stretches() const { return (columns_ + kStretch - 1) / kStretch; }
  std::size_t width(std::size_t stretch) const;
  // (width, width) of a stretch.
  float* products(std::size_t stretch) { return means_.data() + stretch * kStretch * kStretch; }
  const float* products(std::size_t stretch) const {
    return means_.data() + stretch * kStretch * kStretch;
  }
  // Sums of one triangle, x[i] x[j] for j <= i, into means of both.
  void finish(std::uint64_t rows);
  static std::size_t bytes(std::size_t columns);

 private:
  std::size_t columns_ = 0;
  std::vector<float> means_;
};

// Where a quantiser asks for them, tensor by tensor in the order of the file.
class MomentsSource {
 public:
  virtual ~MomentsSource() = default;
  // One for each matrix of the tensor (each expert), valid until the next call; none where the
  // tensor is no weight of a product, null for an expert that nothing reached.
  virtual base::Result<std::span<const InputMoments* const>> of(const Tensor& tensor) = 0;
};

// The order in which the weights of a stretch are rounded, and how much of a weight's error each of
// the later ones takes up: GPTQ (https://arxiv.org/abs/2210.17323), stretch by stretch.
struct ErrorFeedback {
  std::vector<float> importance;     // of each input: its mean square
  std::vector<std::uint16_t> order;  // the strongest input first
  std::vector<float> pull;           // (width, width): [k, m] what the m-th takes of the k-th's
};
ErrorFeedback error_feedback(const InputMoments& moments, std::size_t stretch);

}  // namespace seine::engine
