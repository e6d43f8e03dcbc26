// The plain form of VectorOps: loops as the formulas read, sums in double.
#include <algorithm>
#include <cmath>

#include "engine/formats/half.h"
#include "engine/ops/vector.h"

namespace seine::engine {
namespace {

double dot_double(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += double{a[i]} * b[i];
  return sum;
}

float dot(const float* a, const float* b, std::int64_t n) {
  return static_cast<float>(dot_double(a, b, n));
}

void rmsnorm(const float* x, const float* w, std::int64_t n, float eps, float* y) {
  const double factor = 1.0 / std::sqrt(dot_double(x, x, n) / static_cast<double>(n) + eps);
  for (std::int64_t i = 0; i < n; ++i) {
    y[i] = static_cast<float>(x[i] * factor * (w == nullptr ? 1.0f : w[i]));
  }
}

void silu_mul(float* gate, const float* up, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) gate[i] = gate[i] / (1.0f + std::exp(-gate[i])) * up[i];
}

void axpy(float a, const float* x, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += a * x[i];
}

void scores(const float* queries, std::int32_t n_queries, const float* keys, std::int32_t n_keys,
            std::int32_t width, float scale, float* out) {
  for (std::int32_t q = 0; q < n_queries; ++q) {
    for (std::int32_t t = 0; t < n_keys; ++t) {
      out[q * kTileKeys + t] =
          static_cast<float>(scale * dot_double(queries + std::int64_t{q} * width,
                                                keys + std::int64_t{t} * width, width));
    }
  }
}

float fold_tile(float* x, std::int32_t valid, float* max, float* total) {
  const float largest = std::max(*max, *std::max_element(x, x + valid));
  double sum = 0;
  for (std::int32_t i = 0; i < kTileKeys; ++i) {
    x[i] = i < valid ? std::exp(x[i] - largest) : 0.0f;
    sum += x[i];
  }
  const float factor = largest == *max ? 1.0f : std::exp(*max - largest);
  *total = *total * factor + static_cast<float>(sum);
  *max = largest;
  return factor;
}

void shrink(float a, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] *= a;
}

void weighted_sum(const float* weights, std::int32_t n_queries, const float* values,
                  std::int32_t stride, std::int32_t n_keys, std::int32_t width, float* out,
                  std::int32_t out_stride) {
  for (std::int32_t q = 0; q < n_queries; ++q) {
    for (std::int32_t d = 0; d < width; ++d) {
      double sum = out[std::int64_t{q} * out_stride + d];
      for (std::int32_t t = 0; t < n_keys; ++t) {
        sum += double{weights[q * kTileKeys + t]} * values[std::int64_t{t} * stride + d];
      }
      out[std::int64_t{q} * out_stride + d] = static_cast<float>(sum);
    }
  }
}

void from_f16(const std::byte* in, std::int32_t n, float* out) {
  for (std::int32_t i = 0; i < n; ++i) {
    out[i] = f16_to_f32(load_unaligned<std::uint16_t>(in + 2 * i));
  }
}

void to_f16(const float* in, std::int32_t n, std::byte* out) {
  for (std::int32_t i = 0; i < n; ++i) {
    const std::uint16_t half = f32_to_f16(std::clamp(in[i], -65504.0f, 65504.0f));
    std::memcpy(out + 2 * i, &half, sizeof half);
  }
}

void from_i8(const std::byte* in, float scale, std::int32_t n, float* out) {
  for (std::int32_t i = 0; i < n; ++i) {
    out[i] = scale * static_cast<float>(static_cast<std::int8_t>(in[i]));
  }
}

}  // namespace

const VectorOps kRefVectorOps = {
    "ref",     kQueriesInL1, dot,          rmsnorm,  silu_mul, axpy,    scores,
    fold_tile, shrink,       weighted_sum, from_f16, to_f16,   from_i8,
};

}  // namespace seine::engine
