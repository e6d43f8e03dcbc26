// The vector form of VectorOps, written once on 16-lane vectors and compiled by each vector_ISA.cc
// with that instruction set's flags. Internal linkage throughout, and no inline function of the
// library: the linker must not keep one instruction set's copy for everybody.
//
// Inner products keep 16 partial sums, lane l holding i = l mod 16, folded in one fixed tree.
#pragma once

#include "engine/ops/vector.h"

namespace seine::engine {
namespace {

using F16 = float __attribute__((vector_size(64)));
using F4 = float __attribute__((vector_size(16)));
using I16 = std::int32_t __attribute__((vector_size(64)));
using H16 = _Float16 __attribute__((vector_size(32)));
using B16 = signed char __attribute__((vector_size(16)));

#define SEINE_INLINE static inline __attribute__((always_inline))

SEINE_INLINE void load(F16& to, const float* from) {
  __builtin_memcpy(&to, from, sizeof to);
}
SEINE_INLINE void store(float* to, const F16& from) {
  __builtin_memcpy(to, &from, sizeof from);
}
SEINE_INLINE void fill(F16& to, float value) {
  to = F16{} + value;
}

// Each four lanes of the result hold what the same four lanes of a, b, c and d add up to. Shuffles
// within four lanes cost a cycle, others three.
SEINE_INLINE void fold_lanes(const F16& a, const F16& b, const F16& c, const F16& d, F16& out) {
  const F16 ab =
      __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
      __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  const F16 cd =
      __builtin_shufflevector(c, d, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29) +
      __builtin_shufflevector(c, d, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  out = __builtin_shufflevector(ab, cd, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
        __builtin_shufflevector(ab, cd, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
}

// Sums of eight vectors' lanes, the same tree for each: those of a in lanes 0..3, of b in 8..11.
SEINE_INLINE void fold_eight(const F16* a, const F16* b, F16& out) {
  F16 x;
  F16 y;
  fold_lanes(a[0], a[1], a[2], a[3], x);
  fold_lanes(b[0], b[1], b[2], b[3], y);
  const F16 sums =
      __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
      __builtin_shufflevector(x, y, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  out = sums +
        __builtin_shufflevector(sums, sums, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
}

SEINE_INLINE float fold(const F16& a) {
  const F16 zero[4] = {a, {}, {}, {}};
  F16 out;
  fold_eight(zero, zero, out);
  return out[0];
}

// exp to about 2 units in the last place; below the smallest normal result it is 0.
SEINE_INLINE void exp_lanes(const F16& in, F16& out) {
  F16 low;
  F16 high;
  fill(low, -87.0f);
  fill(high, 88.0f);
  F16 x = in < low ? low : in;
  x = x > high ? high : x;
  const F16 n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;  // nearest integer
  const F16 r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  F16 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  const I16 power = (__builtin_convertvector(n, I16) + 127) << 23;
  const F16 result = p * reinterpret_cast<const F16&>(power);
  // A comparison with not-a-number is false: it stays what it is.
  out = in < low ? F16{} : result;
  out = in == in ? out : in;
}

float dot(const float* a, const float* b, std::int64_t n) {
  F16 sums[2] = {};
  F16 x;
  F16 y;
  std::int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    for (int j = 0; j < 2; ++j) {
      load(x, a + i + 16 * j);
      load(y, b + i + 16 * j);
      sums[j] += x * y;
    }
  }
  for (; i + 16 <= n; i += 16) {
    load(x, a + i);
    load(y, b + i);
    sums[0] += x * y;
  }
  float sum = fold(sums[0] + sums[1]);
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

void rmsnorm(const float* x, const float* w, std::int64_t n, float eps, float* y) {
  const float mean = dot(x, x, n) / static_cast<float>(n);
  const float factor = 1.0f / __builtin_sqrtf(mean + eps);
  if (w == nullptr) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * factor;
  } else {
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * factor * w[i];
  }
}

SEINE_INLINE void silu_mul_lanes(const F16& gate, const F16& up, F16& out) {
  F16 e;
  exp_lanes(-gate, e);
  out = gate / (e + 1.0f) * up;
}

void silu_mul(float* gate, const float* up, std::int64_t n) {
  F16 g;
  F16 u;
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    load(g, gate + i);
    load(u, up + i);
    silu_mul_lanes(g, u, g);
    store(gate + i, g);
  }
  if (i == n) return;
  float rest[2][16] = {};
  for (std::int64_t j = i; j < n; ++j) {
    rest[0][j - i] = gate[j];
    rest[1][j - i] = up[j];
  }
  load(g, rest[0]);
  load(u, rest[1]);
  silu_mul_lanes(g, u, g);
  store(rest[0], g);
  for (std::int64_t j = i; j < n; ++j) gate[j] = rest[0][j - i];
}

void axpy(float a, const float* x, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] += a * x[i];
}

// Two queries by four keys: six loads feed eight products. Lanes 0..3 of the result are the first
// query's, 8..11 the second's.
SEINE_INLINE void score_block(const float* q0, const float* q1, const float* const* keys,
                              std::int32_t width, F16& out) {
  F16 sums[2][4] = {};
  for (std::int32_t d = 0; d < width; d += kLanes) {
    F16 a;
    F16 b;
    load(a, q0 + d);
    load(b, q1 + d);
    for (int t = 0; t < 4; ++t) {
      F16 k;
      load(k, keys[t] + d);
      sums[0][t] += a * k;
      sums[1][t] += b * k;
    }
  }
  fold_eight(sums[0], sums[1], out);
}

// Four keys stay in L1 while all queries pass, which may be the larger side.
void scores(const float* queries, std::int32_t n_queries, const float* keys, std::int32_t n_keys,
            std::int32_t width, float scale, float* out) {
  for (std::int32_t t = 0; t < n_keys; t += 4) {
    const float* rows[4];
    for (std::int32_t j = 0; j < 4; ++j) {
      const std::int32_t row = t + j < n_keys ? t + j : n_keys - 1;
      rows[j] = keys + static_cast<std::int64_t>(row) * width;
    }
    const bool is_whole = t + 4 <= n_keys;
    for (std::int32_t q = 0; q < n_queries; q += 2) {
      // A missing partner is the same query once more: every pair takes the same path.
      const bool is_pair = q + 1 < n_queries;
      const float* q0 = queries + static_cast<std::int64_t>(q) * width;
      const float* q1 = is_pair ? q0 + width : q0;
      F16 block;
      score_block(q0, q1, rows, width, block);
      block *= scale;
      float* to = out + static_cast<std::int64_t>(q) * kTileKeys + t;
      const F4 first = __builtin_shufflevector(block, block, 0, 1, 2, 3);
      const F4 second = __builtin_shufflevector(block, block, 8, 9, 10, 11);
      if (is_whole) {
        __builtin_memcpy(to, &first, sizeof first);
        if (is_pair) __builtin_memcpy(to + kTileKeys, &second, sizeof second);
        continue;
      }
      for (std::int32_t j = 0; t + j < n_keys; ++j) {
        to[j] = first[j];
        if (is_pair) to[kTileKeys + j] = second[j];
      }
    }
  }
}

float fold_tile(float* x, std::int32_t valid, float* max, float* total) {
  constexpr int kVectors = kTileKeys / kLanes;
  const I16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  F16 none;
  fill(none, -__builtin_inff());
  F16 tile[kVectors];
  F16 most = none;
  for (int i = 0; i < kVectors; ++i) {
    load(tile[i], x + kLanes * i);
    tile[i] = lane < valid - kLanes * i ? tile[i] : none;
    most = tile[i] > most ? tile[i] : most;
  }
  float largest = *max;
  for (int i = 0; i < kLanes; ++i) largest = most[i] > largest ? most[i] : largest;
  F16 sum{};
  for (int i = 0; i < kVectors; ++i) {
    exp_lanes(tile[i] - largest, tile[i]);
    store(x + kLanes * i, tile[i]);
    sum += tile[i];
  }
  const float added = fold(sum);
  if (largest == *max) {
    *total += added;
    return 1;
  }
  F16 factor;
  fill(factor, *max - largest);
  exp_lanes(factor, factor);
  const float kept = *total * factor[0];
  *total = kept + added;
  *max = largest;
  return factor[0];
}

void shrink(float a, float* y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] *= a;
}

template <int kVectors>
SEINE_INLINE void sum_block(const float* w0, const float* w1, const float* values,
                            std::int32_t stride, std::int32_t n_keys, float* out0, float* out1) {
  F16 sums[2][kVectors];
  for (int j = 0; j < kVectors; ++j) {
    load(sums[0][j], out0 + 16 * j);
    load(sums[1][j], out1 + 16 * j);
  }
  for (std::int32_t t = 0; t < n_keys; ++t, values += stride) {
    F16 a;
    F16 b;
    fill(a, w0[t]);
    fill(b, w1[t]);
    for (int j = 0; j < kVectors; ++j) {
      F16 v;
      load(v, values + 16 * j);
      sums[0][j] += a * v;
      sums[1][j] += b * v;
    }
  }
  // The partner first: when it is the same query, both hold the same.
  for (int j = 0; j < kVectors; ++j) {
    store(out1 + 16 * j, sums[1][j]);
    store(out0 + 16 * j, sums[0][j]);
  }
}

// A row may have another form of it. 64 columns of the values stay in L1 while all queries pass.
[[maybe_unused]] void weighted_sum(const float* weights, std::int32_t n_queries,
                                   const float* values, std::int32_t stride, std::int32_t n_keys,
                                   std::int32_t width, float* out, std::int32_t out_stride) {
  for (std::int32_t d = 0; d < width;) {
    const bool is_wide = d + 64 <= width;
    for (std::int32_t q = 0; q < n_queries; q += 2) {
      const bool is_pair = q + 1 < n_queries;
      const float* w0 = weights + static_cast<std::int64_t>(q) * kTileKeys;
      const float* w1 = is_pair ? w0 + kTileKeys : w0;
      float* out0 = out + static_cast<std::int64_t>(q) * out_stride + d;
      float* out1 = is_pair ? out0 + out_stride : out0;
      if (is_wide) {
        sum_block<4>(w0, w1, values + d, stride, n_keys, out0, out1);
      } else {
        sum_block<1>(w0, w1, values + d, stride, n_keys, out0, out1);
      }
    }
    d += is_wide ? 64 : 16;
  }
}

void from_f16(const std::byte* in, std::int32_t n, float* out) {
  std::int32_t i = 0;
  for (; i + 16 <= n; i += 16) {
    H16 h;
    __builtin_memcpy(&h, in + 2 * i, sizeof h);
    store(out + i, __builtin_convertvector(h, F16));
  }
  for (; i < n; ++i) {
    _Float16 h;
    __builtin_memcpy(&h, in + 2 * i, sizeof h);
    out[i] = static_cast<float>(h);
  }
}

void to_f16(const float* in, std::int32_t n, std::byte* out) {
  for (std::int32_t i = 0; i < n; ++i) {
    float v = in[i];
    v = v > 65504.0f ? 65504.0f : v;
    v = v < -65504.0f ? -65504.0f : v;
    const _Float16 h = static_cast<_Float16>(v);
    __builtin_memcpy(out + 2 * i, &h, sizeof h);
  }
}

void from_i8(const std::byte* in, float scale, std::int32_t n, float* out) {
  std::int32_t i = 0;
  for (; i + 16 <= n; i += 16) {
    B16 q;
    __builtin_memcpy(&q, in + i, sizeof q);
    store(out + i, __builtin_convertvector(q, F16) * scale);
  }
  for (; i < n; ++i) out[i] = scale * static_cast<float>(static_cast<signed char>(in[i]));
}

#define SEINE_VECTOR_ROW(isa)                                                     \
  {                                                                               \
      isa,       kQueriesInL1, dot,          rmsnorm,  silu_mul, axpy,    scores, \
      fold_tile, shrink,       weighted_sum, from_f16, to_f16,   from_i8,         \
  }

}  // namespace
}  // namespace seine::engine
