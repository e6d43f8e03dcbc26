// The row for prompts on AMX: attention's two products in tiles of bf16, all else as in AVX-512.
// Queries and keys, weights and values are rounded to bf16 as the tiles take them; sums stay f32
// and add up in one order whatever the number of queries or keys, absent ones being zeros.
#include <immintrin.h>

#include "engine/kernels/cpu/amx.h"
#include "engine/ops/vector_impl.h"

namespace seine::engine {
namespace {

constexpr std::int32_t kQueries = 32;  // two tiles
constexpr std::int32_t kWidest = 640;  // key or value that the buffers on the stack hold
constexpr std::int64_t kTileBytes = 1024;

// Tiles 0, 2, 4 have as many rows as the first 16 queries, 1, 3, 5 as the rest; 6, 7 are whole.
SEINE_INLINE void configure(std::int32_t n_queries) {
  TileConfig config = whole_tiles();
  const std::int32_t second = n_queries > 16 ? n_queries - 16 : 1;
  for (int i = 0; i < 6; ++i)
    config.rows[i] =
        static_cast<std::uint8_t>(i % 2 == 0 ? (n_queries < 16 ? n_queries : 16) : second);
  _tile_loadconfig(&config);
}

// 32 floats, or 16 and zeros, as bf16.
SEINE_INLINE __m512i to_bf16(const float* from, bool whole) {
  const __m512 low = _mm512_loadu_ps(from);
  const __m512 high = whole ? _mm512_loadu_ps(from + 16) : _mm512_setzero_ps();
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// (n_keys, width) as tiles of 16 keys and 32 values, a row of pairs for two values.
void keys_to_tiles(const float* keys, std::int32_t n_keys, std::int32_t width, std::byte* out) {
  const std::int32_t blocks = (width + 31) / 32;
  for (std::int32_t t = 0; t < (n_keys + 15) / 16; ++t) {
    for (std::int32_t k = 0; k < blocks; ++k, out += kTileBytes) {
      __m512i r[16];
      for (std::int32_t i = 0; i < 16; ++i) {
        const std::int32_t key = 16 * t + i;
        r[i] = key < n_keys ? to_bf16(keys + static_cast<std::int64_t>(key) * width + 32 * k,
                                      32 * k + 32 <= width)
                            : _mm512_setzero_si512();
      }
      transpose_dwords(r);
      for (std::int32_t i = 0; i < 16; ++i) _mm512_store_si512(out + 64 * i, r[i]);
    }
  }
}

// Of 32 queries at most.
void score_tiles(const float* queries, std::int32_t n_queries, const std::byte* keys,
                 std::int32_t n_keys, std::int32_t width, float scale, float* out) {
  const std::int32_t blocks = (width + 31) / 32;
  alignas(64) std::byte a[kQueries * kWidest * 2];
  for (std::int32_t q = 0; q < n_queries; ++q) {
    for (std::int32_t k = 0; k < blocks; ++k) {
      const std::int64_t tile = (q / 16 * blocks + k) * kTileBytes;
      _mm512_store_si512(
          a + tile + q % 16 * 64,
          to_bf16(queries + static_cast<std::int64_t>(q) * width + 32 * k, 32 * k + 32 <= width));
    }
  }
  configure(n_queries);
  constexpr std::size_t kStride = sizeof(float) * kTileKeys;
  for (std::int32_t t = 0; t < (n_keys + 15) / 16; ++t) {
    _tile_zero(0);
    _tile_zero(1);
    for (std::int32_t k = 0; k < blocks; ++k) {
      _tile_loadd(6, keys + (t * blocks + k) * kTileBytes, 64);
      _tile_loadd(4, a + k * kTileBytes, 64);
      _tile_dpbf16ps(0, 4, 6);
      if (n_queries > 16) {
        _tile_loadd(5, a + (blocks + k) * kTileBytes, 64);
        _tile_dpbf16ps(1, 5, 6);
      }
    }
    _tile_stored(0, out + 16 * t, kStride);
    if (n_queries > 16) _tile_stored(1, out + 16 * kTileKeys + 16 * t, kStride);
  }
  const __m512 factor = _mm512_set1_ps(scale);
  for (std::int32_t i = 0; i < n_queries * kTileKeys; i += 16)
    _mm512_storeu_ps(out + i, _mm512_mul_ps(_mm512_loadu_ps(out + i), factor));
}

void scores_in_tiles(const float* queries, std::int32_t n_queries, const float* keys,
                     std::int32_t n_keys, std::int32_t width, float scale, float* out) {
  if (width > kWidest) return scores(queries, n_queries, keys, n_keys, width, scale, out);
  alignas(64) std::byte tiles[kTileKeys * kWidest * 2];
  keys_to_tiles(keys, n_keys, width, tiles);
  for (std::int32_t q = 0; q < n_queries; q += kQueries) {
    score_tiles(queries + static_cast<std::int64_t>(q) * width,
                n_queries - q < kQueries ? n_queries - q : kQueries, tiles, n_keys, width, scale,
                out + static_cast<std::int64_t>(q) * kTileKeys);
  }
  _tile_release();
}

// Values d.. d+15 of 32 keys as 16 rows of pairs; keys from n on are zeros.
SEINE_INLINE void pair_values(const float* values, std::int32_t stride, std::int32_t n,
                              std::byte* out) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  for (std::int32_t i = 0; i < 16; ++i, values += 2 * static_cast<std::int64_t>(stride)) {
    const __m512 even = 2 * i < n ? _mm512_loadu_ps(values) : _mm512_setzero_ps();
    const __m512 odd = 2 * i + 1 < n ? _mm512_loadu_ps(values + stride) : _mm512_setzero_ps();
    const auto both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(odd, even));
    _mm512_store_si512(out + 64 * i, _mm512_permutexvar_epi16(order, both));
  }
}

// Of 32 queries at most; `values` holds two tiles of 32 keys for every 16 values.
void sum_tiles(const float* weights, std::int32_t n_queries, const std::byte* values,
               std::int32_t n_keys, std::int32_t width, float* out, std::int32_t out_stride) {
  alignas(64) std::byte a[4 * kTileBytes];  // (query tile, half of the keys)
  for (std::int32_t q = 0; q < n_queries; ++q) {
    for (std::int32_t half = 0; half < 2; ++half) {
      const float* from = weights + static_cast<std::int64_t>(q) * kTileKeys + 32 * half;
      const std::int32_t left = n_keys - 32 * half;
      const std::uint32_t mask = left >= 32 ? ~0U : left <= 0 ? 0U : (1U << left) - 1;
      const __m512 low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
      const __m512 high = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> 16), from + 16);
      _mm512_store_si512(a + (2 * (q / 16) + half) * kTileBytes + q % 16 * 64,
                         reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
    }
  }
  configure(n_queries);
  const std::size_t out_bytes = sizeof(float) * static_cast<std::size_t>(out_stride);
  const bool two = n_queries > 16;
  for (std::int32_t d = 0; d < width; d += 16, values += 2 * kTileBytes) {
    float* second = out + 16 * static_cast<std::int64_t>(out_stride) + d;
    _tile_loadd(0, out + d, out_bytes);
    if (two) _tile_loadd(1, second, out_bytes);
    for (std::int32_t half = 0; half < 2 && 32 * half < n_keys; ++half) {
      _tile_loadd(6, values + half * kTileBytes, 64);
      _tile_loadd(4, a + half * kTileBytes, 64);
      _tile_dpbf16ps(0, 4, 6);
      if (two) {
        _tile_loadd(5, a + (2 + half) * kTileBytes, 64);
        _tile_dpbf16ps(1, 5, 6);
      }
    }
    _tile_stored(0, out + d, out_bytes);
    if (two) _tile_stored(1, second, out_bytes);
  }
}

void weighted_sum_in_tiles(const float* weights, std::int32_t n_queries, const float* values,
                           std::int32_t stride, std::int32_t n_keys, std::int32_t width, float* out,
                           std::int32_t out_stride) {
  if (width > kWidest)
    return weighted_sum(weights, n_queries, values, stride, n_keys, width, out, out_stride);
  alignas(64) std::byte tiles[kTileKeys * kWidest * 2];
  for (std::int32_t d = 0; d < width; d += 16) {
    for (std::int32_t half = 0; half < 2 && 32 * half < n_keys; ++half) {
      pair_values(values + static_cast<std::int64_t>(32 * half) * stride + d, stride,
                  n_keys - 32 * half, tiles + (d / 8 + half) * kTileBytes);
    }
  }
  for (std::int32_t q = 0; q < n_queries; q += kQueries) {
    sum_tiles(weights + static_cast<std::int64_t>(q) * kTileKeys,
              n_queries - q < kQueries ? n_queries - q : kQueries, tiles, n_keys, width,
              out + static_cast<std::int64_t>(q) * out_stride, out_stride);
  }
  _tile_release();
}

}  // namespace

const VectorOps kAmxPromptVectorOps = {
    "amx prompt", kQueriesMost,    dot,       rmsnorm, silu_mul,
    axpy,         scores_in_tiles, fold_tile, shrink,  weighted_sum_in_tiles,
    from_f16,     to_f16,          from_i8};

}  // namespace seine::engine
