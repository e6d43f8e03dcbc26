// Products of prompts on AMX: stored blocks are decoded to bf16 rows (the A operand, 16 outputs x
// 32 inputs a tile), activations are bf16 tiles of pairs (the B operand), sums stay f32 in tile
// registers. A TDPBF16PS takes 16 cycles for 8,192 MAC: 512 MAC a cycle and core, four times the
// rate of 512-bit vpdpbusd on the same core and without its rescaling every 32 inputs.
//
// Blocking: 32 outputs x 512 inputs are decoded into 32 KiB that stay in L1 while all rows of
// activations pass; 384 outputs x 512 rows of f32 sums wait in L2 between the steps along the
// inputs. With at most 32 rows the sums never leave the tiles. Each sum adds its inputs in the same
// order whatever the number of rows.
#include <immintrin.h>

#include "engine/formats/blocks.h"
#include "engine/kernels/cpu/amx.h"
#include "engine/kernels/cpu/rows.h"

namespace seine::engine {
namespace {

constexpr std::int64_t kN = 32;                 // outputs decoded together
constexpr std::int64_t kK = 512;                // inputs decoded together
constexpr std::int64_t kRowsMax = 512;          // activation rows per pass
constexpr std::int64_t kNSuper = 320;           // outputs whose sums wait in L2
constexpr std::int64_t kBlockStride = kN * 32;  // bf16 values between 32-input blocks of a row
constexpr std::size_t kTile = 1024;             // bytes
constexpr std::size_t kDecodedBytes = kN * kK * 2;
static_assert(kDecodedBytes + 4 * kTile + kNSuper * kRowsMax * 4 <= kGemmScratchBytes);

inline __m512 half(const std::uint16_t& bits) {
  std::uint16_t raw;
  __builtin_memcpy(&raw, &bits, 2);
  return _mm512_cvtph_ps(_mm256_set1_epi16(static_cast<short>(raw)));
}

inline __m512i bytes16(const void* from) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(from)));
}

inline void store(std::uint16_t* out, __m512 low, __m512 high) {
  _mm512_store_si512(out, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
}

inline __m512 ramp(float first) {
  return _mm512_add_ps(_mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                       _mm512_set1_ps(first));
}

inline __m512 iq4_table() {
  return _mm512_setr_ps(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
}

// The table entries that the low four bits of each lane choose; lanes in `upper` from the second.
inline __m512 look_up(__m512i index, __m512 table) {
  return _mm512_permutexvar_ps(index, table);
}
inline __m512 look_up(__m512i index, __m512 table, __mmask16 upper, __m512 second) {
  return _mm512_mask_permutexvar_ps(_mm512_permutexvar_ps(index, table), upper, index, second);
}

inline void decode(const BlockQ4_0& b, std::uint16_t* out, __m512 table) {
  const __m512i q = bytes16(b.q);
  const __m512 d = half(b.d);
  store(out, _mm512_mul_ps(d, look_up(q, table)),
        _mm512_mul_ps(d, look_up(_mm512_srli_epi32(q, 4), table)));
}
inline void decode(const BlockQ4_0& b, std::uint16_t* out) {
  decode(b, out, ramp(-8));
}
inline void decode(const BlockIQ4_NL& b, std::uint16_t* out) {
  decode(reinterpret_cast<const BlockQ4_0&>(b), out, iq4_table());
}
inline void decode(const BlockQ4_1& b, std::uint16_t* out) {
  const __m512i q = bytes16(b.q);
  const __m512 d = half(b.d);
  const __m512 m = half(b.m);
  store(out, _mm512_fmadd_ps(d, look_up(q, ramp(0)), m),
        _mm512_fmadd_ps(d, look_up(_mm512_srli_epi32(q, 4), ramp(0)), m));
}
inline void decode(const BlockQ5_0& b, std::uint16_t* out) {
  const __m512i q = bytes16(b.q);
  const __m512 d = half(b.d);
  std::uint32_t high;
  __builtin_memcpy(&high, b.high, 4);
  store(out, _mm512_mul_ps(d, look_up(q, ramp(-16), static_cast<__mmask16>(high), ramp(0))),
        _mm512_mul_ps(d, look_up(_mm512_srli_epi32(q, 4), ramp(-16),
                                 static_cast<__mmask16>(high >> 16), ramp(0))));
}
inline void decode(const BlockQ5_1& b, std::uint16_t* out) {
  const __m512i q = bytes16(b.q);
  const __m512 d = half(b.d);
  const __m512 m = half(b.m);
  std::uint32_t high;
  __builtin_memcpy(&high, b.high, 4);
  store(out, _mm512_fmadd_ps(d, look_up(q, ramp(0), static_cast<__mmask16>(high), ramp(16)), m),
        _mm512_fmadd_ps(
            d,
            look_up(_mm512_srli_epi32(q, 4), ramp(0), static_cast<__mmask16>(high >> 16), ramp(16)),
            m));
}
inline void decode(const BlockQ8_0& b, std::uint16_t* out) {
  const __m512 d = half(b.d);
  const auto* q = reinterpret_cast<const __m128i*>(b.q);
  const __m512 low = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(q)));
  const __m512 high = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(q + 1)));
  store(out, _mm512_mul_ps(d, low), _mm512_mul_ps(d, high));
}

template <typename Block>
inline void k_scales(const Block& b, float* scale, float* min) {
  const float d = _mm512_cvtss_f32(half(b.d));
  const float dmin = -_mm512_cvtss_f32(half(b.dmin));
  for (int j = 0; j < 8; ++j) {
    const ScaleMin pair = unpack_scale_min(b.scales, j);
    scale[j] = d * pair.scale;
    min[j] = dmin * pair.min;
  }
}
inline void decode(const BlockQ4_K& b, std::uint16_t* out) {
  float scale[8];
  float min[8];
  k_scales(b, scale, min);
  const __m512 table = ramp(0);
  for (int i = 0; i < 4; ++i) {
    __m512i q0 = bytes16(b.q + 32 * i);
    __m512i q1 = bytes16(b.q + 32 * i + 16);
    for (int j = 2 * i; j < 2 * i + 2; ++j) {
      const __m512 d = _mm512_set1_ps(scale[j]);
      const __m512 m = _mm512_set1_ps(min[j]);
      store(out + j * kBlockStride, _mm512_fmadd_ps(d, look_up(q0, table), m),
            _mm512_fmadd_ps(d, look_up(q1, table), m));
      q0 = _mm512_srli_epi32(q0, 4);
      q1 = _mm512_srli_epi32(q1, 4);
    }
  }
}
inline void decode(const BlockQ5_K& b, std::uint16_t* out) {
  float scale[8];
  float min[8];
  k_scales(b, scale, min);
  const __m512i h0 = bytes16(b.high);
  const __m512i h1 = bytes16(b.high + 16);
  for (int i = 0; i < 4; ++i) {
    __m512i q0 = bytes16(b.q + 32 * i);
    __m512i q1 = bytes16(b.q + 32 * i + 16);
    for (int j = 2 * i; j < 2 * i + 2; ++j) {
      const __m512 d = _mm512_set1_ps(scale[j]);
      const __m512 m = _mm512_set1_ps(min[j]);
      const __m512i bit = _mm512_set1_epi32(1 << j);
      const __m512 w0 = look_up(q0, ramp(0), _mm512_test_epi32_mask(h0, bit), ramp(16));
      const __m512 w1 = look_up(q1, ramp(0), _mm512_test_epi32_mask(h1, bit), ramp(16));
      store(out + j * kBlockStride, _mm512_fmadd_ps(d, w0, m), _mm512_fmadd_ps(d, w1, m));
      q0 = _mm512_srli_epi32(q0, 4);
      q1 = _mm512_srli_epi32(q1, 4);
    }
  }
}
inline void decode(const BlockQ6_K& b, std::uint16_t* out) {
  const __m512 d = half(b.d);
  const __m512i low_mask = _mm512_set1_epi32(15);
  const __m512i high_mask = _mm512_set1_epi32(48);
  for (int n = 0; n < 2; ++n) {
    for (int j = 0; j < 4; ++j) {
      __m512 w[2];
      for (int l = 0; l < 2; ++l) {
        const __m512i q = bytes16(b.low + 64 * n + 32 * (j & 1) + 16 * l);
        const __m512i h = _mm512_slli_epi32(bytes16(b.high + 32 * n + 16 * l), 4);
        const __m512i nibble = _mm512_and_si512(j < 2 ? q : _mm512_srli_epi32(q, 4), low_mask);
        const __m512i top =
            _mm512_and_si512(_mm512_srli_epi32(h, static_cast<unsigned>(2 * j)), high_mask);
        const __m512i code = _mm512_sub_epi32(_mm512_or_si512(nibble, top), _mm512_set1_epi32(32));
        const __m512 scale =
            _mm512_mul_ps(d, _mm512_set1_ps(static_cast<float>(b.scales[8 * n + 2 * j + l])));
        w[l] = _mm512_mul_ps(scale, _mm512_cvtepi32_ps(code));
      }
      store(out + (4 * n + j) * kBlockStride, w[0], w[1]);
    }
  }
}
inline void decode(const BlockIQ4_XS& b, std::uint16_t* out) {
  const __m512 d = half(b.d);
  std::uint16_t high;
  __builtin_memcpy(&high, &b.scales_high, 2);
  for (int i = 0; i < 8; ++i) {
    const int low = b.scales_low[i / 2] >> (4 * (i % 2)) & 15;
    const int scale = (low | (high >> (2 * i) & 3) << 4) - 32;
    const __m512 s = _mm512_mul_ps(d, _mm512_set1_ps(static_cast<float>(scale)));
    const __m512i q = bytes16(b.q + 16 * i);
    store(out + i * kBlockStride, _mm512_mul_ps(s, look_up(q, iq4_table())),
          _mm512_mul_ps(s, look_up(_mm512_srli_epi32(q, 4), iq4_table())));
  }
}

template <typename Block, int kElements>
inline void decode_blocks(const std::byte* row, std::int64_t k0, std::int64_t count,
                          std::uint16_t* out) {
  const auto* block = reinterpret_cast<const Block*>(row) + k0 / kElements;
  for (std::int64_t k = 0; k < count; k += kElements, ++block) {
    decode(*block, out + k / 32 * kBlockStride);
  }
}

inline __mmask32 tail_mask(std::int64_t left) {
  return left >= 32 ? ~__mmask32{0} : (__mmask32{1} << left) - 1;
}

void decode_floats(const MatrixView& w, std::int64_t n, std::int64_t k0, std::int64_t count,
                   std::uint16_t* out) {
  const std::byte* row = w.data + n * w.row_bytes;
  for (std::int64_t k = 0; k < count; k += 32, out += kBlockStride) {
    const __mmask32 mask = tail_mask(count - k);
    const std::byte* from = row + (k0 + k) * (w.type == DType::kF8E4M3 ? 1 : 2);
    if (w.type == DType::kBF16) {
      _mm512_store_si512(out, _mm512_maskz_loadu_epi16(mask, from));
    } else if (w.type == DType::kF16) {
      const __m512i h = _mm512_maskz_loadu_epi16(mask, from);
      store(out, _mm512_cvtph_ps(_mm512_castsi512_si256(h)),
            _mm512_cvtph_ps(_mm512_extracti64x4_epi64(h, 1)));
    } else {
      // An e4m3 byte shifted into a half has its exponent 8 short of the half's bias: times 2^8.
      const __m512i e = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, from));
      const __m512i h =
          _mm512_or_si512(_mm512_and_si512(_mm512_slli_epi16(e, 7), _mm512_set1_epi16(0x3F80)),
                          _mm512_and_si512(e, _mm512_set1_epi16(static_cast<short>(0x8000))));
      float scale;
      const std::int64_t wide = (w.columns + 127) / 128;
      __builtin_memcpy(&scale,
                       w.f8_scales + 4 * ((w.f8_first_row + n) / 128 * wide + (k0 + k) / 128), 4);
      const __m512 s = _mm512_set1_ps(scale * 256.0f);
      store(out, _mm512_mul_ps(s, _mm512_cvtph_ps(_mm512_castsi512_si256(h))),
            _mm512_mul_ps(s, _mm512_cvtph_ps(_mm512_extracti64x4_epi64(h, 1))));
    }
  }
}

// Row n's inputs [k0, k0 + count) as bf16, 32 every kBlockStride.
inline void decode_row(const MatrixView& w, std::int64_t n, std::int64_t k0, std::int64_t count,
                       std::uint16_t* out) {
  const std::byte* row = w.data + n * w.row_bytes;
  // The same stretch of the row that the next block of outputs will decode.
  const std::byte* next = row + kN * w.row_bytes;
  const std::int64_t first = k0 * w.row_bytes / w.columns;
  const std::int64_t past = (k0 + count) * w.row_bytes / w.columns;
  for (std::int64_t at = first; at < past; at += 64) _mm_prefetch(next + at, _MM_HINT_T1);
  switch (w.type) {
    case DType::kQ4_0:
      return decode_blocks<BlockQ4_0, 32>(row, k0, count, out);
    case DType::kQ4_1:
      return decode_blocks<BlockQ4_1, 32>(row, k0, count, out);
    case DType::kQ5_0:
      return decode_blocks<BlockQ5_0, 32>(row, k0, count, out);
    case DType::kQ5_1:
      return decode_blocks<BlockQ5_1, 32>(row, k0, count, out);
    case DType::kQ8_0:
      return decode_blocks<BlockQ8_0, 32>(row, k0, count, out);
    case DType::kIQ4_NL:
      return decode_blocks<BlockIQ4_NL, 32>(row, k0, count, out);
    case DType::kQ4_K:
      return decode_blocks<BlockQ4_K, 256>(row, k0, count, out);
    case DType::kQ5_K:
      return decode_blocks<BlockQ5_K, 256>(row, k0, count, out);
    case DType::kQ6_K:
      return decode_blocks<BlockQ6_K, 256>(row, k0, count, out);
    case DType::kIQ4_XS:
      return decode_blocks<BlockIQ4_XS, 256>(row, k0, count, out);
    default:
      return decode_floats(w, n, k0, count, out);
  }
}

bool wants_packed(DType type) {
  return type != DType::kF32;
}

std::size_t packed_bytes(std::int64_t rows, std::int64_t columns) {
  // One tile more on each side of the rows keeps pairs of tiles readable.
  const std::int64_t tiles = (rows + 31) / 32 * 2;
  return static_cast<std::size_t>(tiles * ((columns + 31) / 32)) * kTile;
}

// Tile (t, b): word pair (r, m) = inputs 32 b + 2 r and the next of row 16 t + m; t outermost.
void pack(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
          std::int64_t first, std::int64_t last, std::byte* out) {
  const std::int64_t blocks = (columns + 31) / 32;
  // The pair of an odd last tile is written as zeros.
  if (last * kPackRows >= rows && last % 2 == 1) ++last;
  for (std::int64_t t = first; t < last; ++t) {
    for (std::int64_t b = 0; b < blocks; ++b) {
      const __mmask32 mask = tail_mask(columns - 32 * b);
      __m512i r[16];
      for (int m = 0; m < 16; ++m) {
        const std::int64_t row = t * kPackRows + m;
        if (row >= rows) {
          r[m] = _mm512_setzero_si512();
          continue;
        }
        const float* from = x + row * stride + 32 * b;
        const __m512 low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
        const __m512 high = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> 16), from + 16);
        r[m] = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
      }
      transpose_dwords(r);
      std::byte* tile = out + static_cast<std::size_t>(t * blocks + b) * kTile;
      for (int i = 0; i < 16; ++i) _mm512_store_si512(tile + 64 * i, r[i]);
    }
  }
}

// One 16 x 16 tile of sums (outputs, rows) to y (rows, outputs).
void write_tile(const std::byte* tile, std::int64_t outputs, std::int64_t rows, float* y,
                std::int64_t y_stride, bool accumulate) {
  __m512i r[16];
  for (int i = 0; i < 16; ++i) r[i] = _mm512_load_si512(tile + 64 * i);
  transpose_dwords(r);
  // Whole tiles apart: the registers stay registers only where the loop is unrolled.
  if (outputs >= 16 && rows >= 16) {
#pragma clang loop unroll(full)
    for (int m = 0; m < 16; ++m) {
      float* to = y + m * y_stride;
      __m512 value = reinterpret_cast<__m512>(r[m]);
      if (accumulate) value = _mm512_add_ps(value, _mm512_loadu_ps(to));
      _mm512_storeu_ps(to, value);
    }
    return;
  }
  const auto mask = static_cast<__mmask16>(outputs >= 16 ? 0xFFFF : (1 << outputs) - 1);
  for (int m = 0; m < 16 && m < rows; ++m) {
    float* to = y + m * y_stride;
    __m512 value = reinterpret_cast<__m512>(r[m]);
    if (accumulate) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, to));
    _mm512_mask_storeu_ps(to, mask, value);
  }
}

// Decodes outputs [n, n + 32) x inputs [k0, k0 + count); rows past `last` are zeros.
void decode_panel(const MatrixView& w, std::int64_t n, std::int64_t last, std::int64_t k0,
                  std::int64_t count, std::uint16_t* panel) {
  for (std::int64_t i = 0; i < kN; ++i) {
    std::uint16_t* out = panel + 32 * i;
    if (n + i < last) {
      decode_row(w, n + i, k0, count, out);
    } else {
      for (std::int64_t b = 0; b < (count + 31) / 32; ++b) {
        _mm512_store_si512(out + b * kBlockStride, _mm512_setzero_si512());
      }
    }
  }
}

// Adds blocks of a panel times a pair of activation tiles into tiles 0..3.
inline void multiply_pair(const std::uint16_t* panel, const std::byte* b0, const std::byte* b1,
                          std::int64_t blocks) {
  for (std::int64_t b = 0; b < blocks; ++b) {
    _tile_loadd(4, panel + b * kBlockStride, 64);
    _tile_loadd(6, b0 + static_cast<std::size_t>(b) * kTile, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, panel + b * kBlockStride + 16 * 32, 64);
    _tile_dpbf16ps(1, 5, 6);
    _tile_loadd(7, b1 + static_cast<std::size_t>(b) * kTile, 64);
    _tile_dpbf16ps(2, 4, 7);
    _tile_dpbf16ps(3, 5, 7);
  }
}
inline void multiply_one(const std::uint16_t* panel, const std::byte* b0, std::int64_t blocks) {
  for (std::int64_t b = 0; b < blocks; ++b) {
    _tile_loadd(4, panel + b * kBlockStride, 64);
    _tile_loadd(6, b0 + static_cast<std::size_t>(b) * kTile, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, panel + b * kBlockStride + 16 * 32, 64);
    _tile_dpbf16ps(1, 5, 6);
  }
}

void store_sums(std::byte* to) {
  _tile_stored(0, to, 64);
  _tile_stored(1, to + kTile, 64);
  _tile_stored(2, to + 2 * kTile, 64);
  _tile_stored(3, to + 3 * kTile, 64);
}
void load_sums(const std::byte* from) {
  _tile_loadd(0, from, 64);
  _tile_loadd(1, from + kTile, 64);
  _tile_loadd(2, from + 2 * kTile, 64);
  _tile_loadd(3, from + 3 * kTile, 64);
}
void zero_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

void write_sums(const std::byte* sums, std::int64_t outputs, std::int64_t rows, float* y,
                std::int64_t y_stride, bool accumulate) {
  for (int tile = 0; tile < 4; ++tile) {
    const std::int64_t n = tile % 2 * 16;
    const std::int64_t m = tile / 2 * 16;
    if (n < outputs && m < rows) {
      write_tile(sums + static_cast<std::size_t>(tile) * kTile, outputs - n, rows - m,
                 y + m * y_stride + n, y_stride, accumulate);
    }
  }
}

// At most 32 rows of activations: sums stay in the tiles while the panels pass.
void gemm_few(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
              float* y, std::int64_t y_stride, bool accumulate, std::byte* scratch) {
  auto* panel = reinterpret_cast<std::uint16_t*>(scratch);
  std::byte* sums = scratch + kDecodedBytes;
  const std::int64_t blocks = (x.columns + 31) / 32;
  const std::size_t pair = static_cast<std::size_t>(blocks) * kTile;
  for (std::int64_t n = first; n < last; n += kN) {
    zero_sums();
    for (std::int64_t k0 = 0; k0 < x.columns; k0 += kK) {
      const std::int64_t count = x.columns - k0 < kK ? x.columns - k0 : kK;
      decode_panel(w, n, last, k0, count, panel);
      const std::byte* b0 = x.packed + static_cast<std::size_t>(k0 / 32) * kTile;
      if (x.rows > kPackRows) {
        multiply_pair(panel, b0, b0 + pair, (count + 31) / 32);
      } else {
        multiply_one(panel, b0, (count + 31) / 32);
      }
    }
    store_sums(sums);
    write_sums(sums, last - n, x.rows, y + n, y_stride, accumulate);
  }
}

void gemm_many(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
               std::int64_t row0, std::int64_t rows, float* y, std::int64_t y_stride,
               bool accumulate, std::byte* scratch) {
  auto* panel = reinterpret_cast<std::uint16_t*>(scratch);
  std::byte* sums = scratch + kDecodedBytes + 4 * kTile;
  const std::int64_t blocks = (x.columns + 31) / 32;
  const std::size_t tile_row = static_cast<std::size_t>(blocks) * kTile;
  const std::int64_t pairs = (rows + 31) / 32;
  const std::byte* packed = x.packed + static_cast<std::size_t>(row0 / kPackRows) * tile_row;
  for (std::int64_t s = first; s < last; s += kNSuper) {
    const std::int64_t s_end = s + kNSuper < last ? s + kNSuper : last;
    for (std::int64_t k0 = 0; k0 < x.columns; k0 += kK) {
      const std::int64_t count = x.columns - k0 < kK ? x.columns - k0 : kK;
      const bool is_last = k0 + count == x.columns;
      for (std::int64_t n = s; n < s_end; n += kN) {
        decode_panel(w, n, last, k0, count, panel);
        std::byte* at = sums + static_cast<std::size_t>((n - s) / kN * pairs) * 4 * kTile;
        for (std::int64_t p = 0; p < pairs; ++p, at += 4 * kTile) {
          if (k0 == 0) {
            zero_sums();
          } else {
            load_sums(at);
          }
          const std::byte* b0 = packed + static_cast<std::size_t>(2 * p) * tile_row +
                                static_cast<std::size_t>(k0 / 32) * kTile;
          multiply_pair(panel, b0, b0 + tile_row, (count + 31) / 32);
          store_sums(at);
          if (is_last) {
            write_sums(at, s_end - n, rows - 32 * p, y + (row0 + 32 * p) * y_stride + n, y_stride,
                       accumulate);
          }
        }
      }
    }
  }
}

// F32 weights keep f32 activations: routers and norms of precision decide which experts run.
void gemm_f32(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
              float* y, std::int64_t y_stride, bool accumulate) {
  for (std::int64_t n = first; n < last; ++n) {
    const std::byte* row = w.data + n * w.row_bytes;
    for (std::int64_t m = 0; m < x.rows; ++m) {
      const float* from = x.f32 + m * x.stride;
      __m512 sum = _mm512_setzero_ps();
      for (std::int64_t k = 0; k < x.columns; k += 16) {
        const std::int64_t left = x.columns - k;
        const auto mask = static_cast<__mmask16>(left >= 16 ? 0xFFFF : (1 << left) - 1);
        sum = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, row + 4 * k),
                              _mm512_maskz_loadu_ps(mask, from + k), sum);
      }
      const float value = _mm512_reduce_add_ps(sum);
      float& to = y[m * y_stride + n];
      to = accumulate ? to + value : value;
    }
  }
}

void gemm(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
          float* y, std::int64_t y_stride, bool accumulate, std::byte* scratch) {
  if (w.type == DType::kF32) return gemm_f32(w, first, last, x, y, y_stride, accumulate);
  const TileConfig config = whole_tiles();
  _tile_loadconfig(&config);
  if (x.rows <= 2 * kPackRows) {
    gemm_few(w, first, last, x, y, y_stride, accumulate, scratch);
  } else {
    for (std::int64_t row = 0; row < x.rows; row += kRowsMax) {
      const std::int64_t rows = x.rows - row < kRowsMax ? x.rows - row : kRowsMax;
      gemm_many(w, first, last, x, row, rows, y, y_stride, accumulate, scratch);
    }
  }
  _tile_release();
}

}  // namespace

const Kernels kAmxPromptKernels = {"amx prompt", wants_packed, packed_bytes, pack,
                                   gemm,         false,        nullptr};

}  // namespace seine::engine
