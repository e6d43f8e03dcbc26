#include "engine/formats/input_moments.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace seine::engine {
namespace {

// Added to each mean square, of their mean: inputs that hardly vary, or vary as others do, would
// otherwise take up any error, though another text moves them apart.
constexpr double kDamping = 0.01;

// Sums of four rows at once, in lanes that a compiler may vectorise.
constexpr std::size_t kTogether = 4;
constexpr std::size_t kLanes = 8;

// out[r] = sum of a[k] b_r[k], k < n, for kTogether rows b_r of length `stride`.
void dots(const float* a, const float* b, std::size_t stride, std::size_t n, float* out) {
  float sums[kTogether][kLanes] = {};
  std::size_t k = 0;
  for (; k + kLanes <= n; k += kLanes) {
    for (std::size_t r = 0; r < kTogether; ++r) {
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        sums[r][lane] += a[k + lane] * b[r * stride + k + lane];
    }
  }
  for (std::size_t r = 0; r < kTogether; ++r) {
    out[r] = std::accumulate(sums[r], sums[r] + kLanes, 0.0f);
    for (std::size_t rest = k; rest < n; ++rest) out[r] += a[rest] * b[r * stride + rest];
  }
}

// H = L L^T, in place of the lower triangle of H. n is a multiple of kTogether.
void factor(std::vector<float>& h, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    float* const row = h.data() + i * n;
    for (std::size_t j = 0; j <= i; j += kTogether) {
      // What earlier columns give, for four columns at once; the rest one by one.
      float sums[kTogether];
      dots(row, h.data() + j * n, n, j, sums);
      for (std::size_t c = j; c < std::min(j + kTogether, i + 1); ++c) {
        float left = row[c] - sums[c - j];
        for (std::size_t k = j; k < c; ++k) left -= row[k] * h[c * n + k];
        row[c] = c < i ? left / h[c * n + c] : std::sqrt(std::max(left, 1e-30f));
      }
    }
  }
}

// The rows of U, H^-1 = U^T U, each divided by its diagonal: U = L^-1 where inputs are numbered
// from behind, as they are in `l`. Upper triangles.
void pulls(const std::vector<float>& l, std::size_t n, std::vector<float>& out) {
  std::vector<float> row(n);
  for (std::size_t i = 0; i < n; ++i) {
    // row L = e_i, from the diagonal down to 0.
    std::fill(row.begin(), row.end(), 0.0f);
    row[i] = 1.0f;
    for (std::size_t j = i + 1; j-- > 0;) {
      row[j] /= l[j * n + j];
      for (std::size_t k = 0; k < j; ++k) row[k] -= row[j] * l[j * n + k];
    }
    float* const to = out.data() + (n - 1 - i) * n;
    for (std::size_t j = 0; j <= i; ++j) to[n - 1 - j] = row[j] / row[i];
  }
}

}  // namespace

InputMoments::InputMoments(std::size_t columns)
    : columns_(columns), means_(bytes(columns) / sizeof(float)) {}

std::size_t InputMoments::width(std::size_t stretch) const {
  return std::min(kStretch, columns_ - stretch * kStretch);
}

void InputMoments::finish(std::uint64_t rows) {
  const float share = 1.0f / static_cast<float>(std::max<std::uint64_t>(rows, 1));
  for (std::size_t s = 0; s < stretches(); ++s) {
    const std::size_t n = width(s);
    float* const of = products(s);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        of[i * n + j] *= share;
        of[j * n + i] = of[i * n + j];
      }
    }
  }
}

std::size_t InputMoments::bytes(std::size_t columns) {
  const std::size_t last = columns % kStretch;
  return (columns / kStretch * kStretch * kStretch + last * last) * sizeof(float);
}

ErrorFeedback error_feedback(const InputMoments& moments, std::size_t stretch) {
  const float* products = moments.products(stretch);
  const std::size_t n = moments.width(stretch);
  ErrorFeedback out;
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const float square = products[i * n + i];
    out.importance.push_back(std::isfinite(square) && square > 0 ? square : 0.0f);
    sum += out.importance.back();
  }
  out.order.resize(n);
  std::iota(out.order.begin(), out.order.end(), std::uint16_t{0});
  std::ranges::sort(out.order, [&](std::uint16_t a, std::uint16_t b) {
    return out.importance[a] != out.importance[b] ? out.importance[a] > out.importance[b] : a < b;
  });
  // Of a stretch that was never anything but zero, every weight counts alike and none helps.
  const double mean = sum / static_cast<double>(n);
  const double damping = mean > 0 ? kDamping * mean : 1.0;
  // From the last to the first, so that the factor's inverse is upper where inputs are in order.
  std::vector<float> h(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    const float* const row = products + std::size_t{out.order[n - 1 - i]} * n;
    for (std::size_t j = 0; j <= i; ++j) {
      const float product = row[out.order[n - 1 - j]];
      h[i * n + j] = std::isfinite(product) ? product : 0.0f;
    }
    h[i * n + i] += static_cast<float>(damping);
  }
  factor(h, n);
  out.pull.resize(n * n);
  pulls(h, n, out.pull);
  return out;
}

}  // namespace seine::engine
