// Products of prompts on AMX: stored blocks are decoded to bf16 rows (the A operand, 16 outputs x
// 32 inputs a tile), activations are bf16 tiles of pairs (the B operand), sums stay f32 in tile
// registers. A TDPBF16PS takes 16 cycles for 8,192 MAC: 512 MAC a cycle and core, four times the
// rate of 512-bit vpdpbusd on the same core and without its rescaling every 32 inputs.
//
// Blocking: 32 outputs x 512 inputs are decoded into 32 KiB that stay in L1 while all rows of
// activations pass; 320 outputs x 512 rows of f32 sums wait in L2 between the steps along the
// inputs. With at most 32 rows the sums never leave the tiles. Each sum adds its inputs in the same
// order whatever the number of rows.
//
// A tile instruction keeps its unit busy for 16 cycles, in which the rest of the core could start
// 90 others: between the tiles of one panel the next is decoded and the sums before are written.
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
constexpr std::size_t kPairBytes = 4 * kTile;  // sums of 32 outputs and 32 rows
static_assert(2 * kDecodedBytes + 2 * kPairBytes + kNSuper * kRowsMax * 4 <= kGemmScratchBytes);

inline __m512 half(const std::uint16_t& bits) {
  std::uint16_t raw;
  __builtin_memcpy(&raw, &bits, 2);
  return _mm512_cvtph_ps(_mm256_set1_epi16(static_cast<short>(raw)));
}

inline void store(std::uint16_t* out, __m512i bf16) {
  _mm512_store_si512(out, bf16);
}
inline void store(std::uint16_t* out, __m512 low, __m512 high) {
  store(out, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
}

inline __m512 ramp(float first) {
  return _mm512_add_ps(_mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                       _mm512_set1_ps(first));
}

inline __m512 iq4_table() {
  return _mm512_setr_ps(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113);
}

// What 32 codes stand for, as bf16: the values of 16 codes are rounded once and looked up, bits 0
// to 3 of each word choosing, or of 32 codes, bits 0 to 4.
inline __m512i look_up(__m512i codes, __m512 values) {
  const auto table = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(values));
  return _mm512_permutexvar_epi16(codes, _mm512_broadcast_i64x4(table));
}
inline __m512i look_up(__m512i codes, __m512 low, __m512 high) {
  return _mm512_permutexvar_epi16(codes, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
}

// 32 bytes as words.
inline __m512i words(const void* from) {
  return _mm512_cvtepu8_epi16(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
}
// The low halves of 16 bytes as words, then their high halves; above bit 3 anything.
inline __m512i nibbles(const void* from) {
  const __m256i twice =
      _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(from)));
  const __m512i shift = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi16(4), 1);
  return _mm512_srlv_epi16(_mm512_cvtepu8_epi16(twice), shift);
}
// The same with a fifth bit each.
inline __m512i with_fifth(__m512i codes, __mmask32 fifth) {
  codes = _mm512_and_si512(codes, _mm512_set1_epi16(15));
  return _mm512_mask_add_epi16(codes, fifth, codes, _mm512_set1_epi16(16));
}

// decode_block: as bf16, 32 inputs every kBlockStride.
inline void decode_block(const BlockQ4_0& b, std::uint16_t* out) {
  const __m512 values = _mm512_mul_ps(half(b.d), ramp(-8));
  const __m512i q = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b.q)));
  store(out, _mm512_permutexvar_ps(q, values),
        _mm512_permutexvar_ps(_mm512_srli_epi32(q, 4), values));
}
inline void decode_block(const BlockIQ4_NL& b, std::uint16_t* out) {
  store(out, look_up(nibbles(b.q), _mm512_mul_ps(half(b.d), iq4_table())));
}
inline void decode_block(const BlockQ4_1& b, std::uint16_t* out) {
  store(out, look_up(nibbles(b.q), _mm512_fmadd_ps(half(b.d), ramp(0), half(b.m))));
}
inline void decode_block(const BlockQ5_0& b, std::uint16_t* out) {
  std::uint32_t high;
  __builtin_memcpy(&high, b.high, 4);
  const __m512 d = half(b.d);
  store(out, look_up(with_fifth(nibbles(b.q), high), _mm512_mul_ps(d, ramp(-16)),
                     _mm512_mul_ps(d, ramp(0))));
}
inline void decode_block(const BlockQ5_1& b, std::uint16_t* out) {
  std::uint32_t high;
  __builtin_memcpy(&high, b.high, 4);
  const __m512 d = half(b.d);
  const __m512 m = half(b.m);
  store(out, look_up(with_fifth(nibbles(b.q), high), _mm512_fmadd_ps(d, ramp(0), m),
                     _mm512_fmadd_ps(d, ramp(16), m)));
}
// Of bytes: 16 of each factor.
inline void scale_bytes(__m256i codes, __m512 low, __m512 high, std::uint16_t* out) {
  const __m512i first = _mm512_cvtepi8_epi32(_mm256_castsi256_si128(codes));
  const __m512i second = _mm512_cvtepi8_epi32(_mm256_extracti128_si256(codes, 1));
  store(out, _mm512_mul_ps(low, _mm512_cvtepi32_ps(first)),
        _mm512_mul_ps(high, _mm512_cvtepi32_ps(second)));
}
inline void decode_block(const BlockQ8_0& b, std::uint16_t* out) {
  const __m512 d = half(b.d);
  scale_bytes(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(b.q)), d, d, out);
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
inline void decode_block(const BlockQ4_K& b, std::uint16_t* out) {
  float scale[8];
  float min[8];
  k_scales(b, scale, min);
  for (int j = 0; j < 8; ++j) {
    const __m512i q = words(b.q + j / 2 * 32);
    const __m512 values =
        _mm512_fmadd_ps(_mm512_set1_ps(scale[j]), ramp(0), _mm512_set1_ps(min[j]));
    store(out + j * kBlockStride, look_up(j % 2 == 0 ? q : _mm512_srli_epi16(q, 4), values));
  }
}
inline void decode_block(const BlockQ5_K& b, std::uint16_t* out) {
  float scale[8];
  float min[8];
  k_scales(b, scale, min);
  const __m512i high = words(b.high);
  for (int j = 0; j < 8; ++j) {
    const __m512i q = words(b.q + j / 2 * 32);
    const __mmask32 fifth = _mm512_test_epi16_mask(high, _mm512_set1_epi16(1 << j));
    const __m512 d = _mm512_set1_ps(scale[j]);
    const __m512 m = _mm512_set1_ps(min[j]);
    store(out + j * kBlockStride,
          look_up(with_fifth(j % 2 == 0 ? q : _mm512_srli_epi16(q, 4), fifth),
                  _mm512_fmadd_ps(d, ramp(0), m), _mm512_fmadd_ps(d, ramp(16), m)));
  }
}
inline void decode_block(const BlockQ6_K& b, std::uint16_t* out) {
  const __m512 d = half(b.d);
  const auto load = [](const std::uint8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  };
  for (int j = 0; j < 8; ++j) {
    const __m256i q = load(b.low + j / 4 * 64 + j % 2 * 32);
    const __m256i h = load(b.high + j / 4 * 32);
    // Bits above and below those wanted come along with a shift of words, and are cut off.
    const __m256i low =
        _mm256_and_si256(j % 4 < 2 ? q : _mm256_srli_epi16(q, 4), _mm256_set1_epi8(15));
    const int up = 4 - j % 4 * 2;
    const __m256i high = _mm256_and_si256(
        up >= 0 ? _mm256_slli_epi16(h, up) : _mm256_srli_epi16(h, -up), _mm256_set1_epi8(48));
    const __m256i codes = _mm256_sub_epi8(_mm256_or_si256(low, high), _mm256_set1_epi8(32));
    const auto factor = [&](int i) {
      return _mm512_mul_ps(d, _mm512_set1_ps(static_cast<float>(b.scales[2 * j + i])));
    };
    scale_bytes(codes, factor(0), factor(1), out + j * kBlockStride);
  }
}
inline void decode_block(const BlockIQ4_XS& b, std::uint16_t* out) {
  const __m512 d = half(b.d);
  std::uint16_t high;
  __builtin_memcpy(&high, &b.scales_high, 2);
  for (int j = 0; j < 8; ++j) {
    const int low = b.scales_low[j / 2] >> (4 * (j % 2)) & 15;
    const int scale = (low | (high >> (2 * j) & 3) << 4) - 32;
    const __m512 s = _mm512_mul_ps(d, _mm512_set1_ps(static_cast<float>(scale)));
    store(out + j * kBlockStride, look_up(nibbles(b.q + 16 * j), _mm512_mul_ps(s, iq4_table())));
  }
}

// Files compiled for one instruction set share no inline function of the library.
template <typename T>
inline void swap(T*& a, T*& b) {
  T* const old = a;
  a = b;
  b = old;
}

inline __mmask32 tail_mask(std::int64_t left) {
  return left >= 32 ? ~__mmask32{0} : (__mmask32{1} << left) - 1;
}

// Weights of blocks. decode: inputs [k, k + kInputs) of output n, and asks for the same of the
// output that the next panel has there.
template <typename Block, std::int64_t kElements>
struct BlockWeights {
  static constexpr std::int64_t kInputs = kElements;
  explicit BlockWeights(const MatrixView& w) : data(w.data), row_bytes(w.row_bytes) {}
  void decode(std::int64_t n, std::int64_t k, std::uint16_t* out) const {
    const std::byte* block = data + n * row_bytes + k / kElements * std::int64_t{sizeof(Block)};
    for (std::size_t at = 0; at < sizeof(Block); at += 64)
      _mm_prefetch(block + kN * row_bytes + at, _MM_HINT_T1);
    decode_block(*reinterpret_cast<const Block*>(block), out);
  }
  const std::byte* data;
  std::int64_t row_bytes;
};

struct FloatWeights {
  static constexpr std::int64_t kInputs = 32;
  explicit FloatWeights(const MatrixView& view) : w(view) {}
  void decode(std::int64_t n, std::int64_t k, std::uint16_t* out) const {
    const __mmask32 mask = tail_mask(w.columns - k);
    const std::byte* from = w.data + n * w.row_bytes + k * (w.type == DType::kF8E4M3 ? 1 : 2);
    _mm_prefetch(from + kN * w.row_bytes, _MM_HINT_T1);
    if (w.type == DType::kBF16) {
      store(out, _mm512_maskz_loadu_epi16(mask, from));
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
      __builtin_memcpy(&scale, w.f8_scales + 4 * ((w.f8_first_row + n) / 128 * wide + k / 128), 4);
      const __m512 s = _mm512_set1_ps(scale * 256.0f);
      store(out, _mm512_mul_ps(s, _mm512_cvtph_ps(_mm512_castsi512_si256(h))),
            _mm512_mul_ps(s, _mm512_cvtph_ps(_mm512_extracti64x4_epi64(h, 1))));
    }
  }
  const MatrixView& w;
};

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

// A panel: outputs [n, n + 32), those from `last` on zeros, x 32-input blocks [block0, block0 +
// blocks).
struct Panel {
  std::int64_t stretch = 0;  // the first of the kNSuper outputs that it belongs to
  std::int64_t n = 0;
  std::int64_t last = 0;
  std::int64_t block0 = 0;
  std::int64_t blocks = 0;
};

// Panels in the order in which they are multiplied: the outputs of a stretch, for the next inputs
// the same outputs again, then the next stretch.
struct PanelOrder {
  std::int64_t first;
  std::int64_t last;
  std::int64_t blocks;  // of a row

  Panel at(std::int64_t stretch, std::int64_t n, std::int64_t block0) const {
    const std::int64_t left = blocks - block0;
    return {stretch, n, last, block0, left < kK / 32 ? left : kK / 32};
  }
  Panel begin() const { return at(first, first, 0); }
  bool is_end(const Panel& panel) const { return panel.n >= last; }
  bool has_last_inputs(const Panel& panel) const { return panel.block0 + panel.blocks == blocks; }
  Panel after(const Panel& panel) const {
    const std::int64_t end = panel.stretch + kNSuper < last ? panel.stretch + kNSuper : last;
    if (panel.n + kN < end) return at(panel.stretch, panel.n + kN, panel.block0);
    if (has_last_inputs(panel)) return at(end, end, 0);
    return at(panel.stretch, panel.stretch, panel.block0 + panel.blocks);
  }
};

// Decodes a panel in parts of one output and Weights::kInputs: the outputs of a block, then the
// next.
template <typename Weights>
class PanelDecoder {
 public:
  PanelDecoder(const Weights& w, const Panel& panel, std::uint16_t* out)
      : w_(w), panel_(panel), out_(out) {}

  std::int64_t parts() const { return kN * panel_.blocks / kBlocks; }
  void next() {
    std::uint16_t* to = out_ + block_ * kBlockStride + 32 * output_;
    if (panel_.n + output_ < panel_.last) {
      w_.decode(panel_.n + output_, 32 * (panel_.block0 + block_), to);
    } else {
      for (std::int64_t j = 0; j < kBlocks; ++j) store(to + j * kBlockStride, __m512i{});
    }
    if (++output_ < kN) return;
    output_ = 0;
    block_ += kBlocks;
  }
  void all() {
    for (std::int64_t left = parts(); left > 0; --left) next();
  }

 private:
  static constexpr std::int64_t kBlocks = Weights::kInputs / 32;
  const Weights& w_;
  const Panel& panel_;
  std::uint16_t* out_;
  std::int64_t output_ = 0;
  std::int64_t block_ = 0;
};

// Adds a block of a panel times two activation tiles into tiles 0..3. Loaded as a stream, the
// activations leave the panel in L1.
inline void multiply_pair(const std::uint16_t* panel, const std::byte* b0, const std::byte* b1) {
  _tile_loadd(4, panel, 64);
  _tile_stream_loadd(6, b0, 64);
  _tile_dpbf16ps(0, 4, 6);
  _tile_loadd(5, panel + 16 * 32, 64);
  _tile_dpbf16ps(1, 5, 6);
  _tile_stream_loadd(7, b1, 64);
  _tile_dpbf16ps(2, 4, 7);
  _tile_dpbf16ps(3, 5, 7);
}
inline void multiply_one(const std::uint16_t* panel, const std::byte* b0) {
  _tile_loadd(4, panel, 64);
  _tile_loadd(6, b0, 64);
  _tile_dpbf16ps(0, 4, 6);
  _tile_loadd(5, panel + 16 * 32, 64);
  _tile_dpbf16ps(1, 5, 6);
}

inline void zero_sums() {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}
inline void store_sums(std::byte* to) {
  _tile_stored(0, to, 64);
  _tile_stored(1, to + kTile, 64);
  _tile_stored(2, to + 2 * kTile, 64);
  _tile_stored(3, to + 3 * kTile, 64);
}
// Stores the sums and takes up those at `from`, or zeros where it is null.
inline void exchange_sums(std::byte* to, const std::byte* from) {
  if (from == nullptr) {
    store_sums(to);
    zero_sums();
    return;
  }
  _tile_stored(0, to, 64);
  _tile_loadd(0, from, 64);
  _tile_stored(1, to + kTile, 64);
  _tile_loadd(1, from + kTile, 64);
  _tile_stored(2, to + 2 * kTile, 64);
  _tile_loadd(2, from + 2 * kTile, 64);
  _tile_stored(3, to + 3 * kTile, 64);
  _tile_loadd(3, from + 3 * kTile, 64);
}

// Where sums of 32 outputs and 32 rows belong.
struct Destination {
  float* y = nullptr;
  std::int64_t stride = 0;
  bool accumulate = false;
  std::int64_t outputs = 0;  // those and the rows that there are
  std::int64_t rows = 0;

  // Writes one of the four tiles.
  void write(std::int64_t tile, const std::byte* sums) const {
    const std::int64_t n = tile % 2 * 16;
    const std::int64_t m = tile / 2 * 16;
    if (n < outputs && m < rows) {
      write_tile(sums + static_cast<std::size_t>(tile) * kTile, outputs - n, rows - m,
                 y + m * stride + n, stride, accumulate);
    }
  }
  // Asks for the lines of two rows.
  void fetch(std::int64_t row) const {
    for (std::int64_t m = row; m < row + 2 && m < rows; ++m) {
      _mm_prefetch(y + m * stride, _MM_HINT_T0);
      _mm_prefetch(y + m * stride + 16, _MM_HINT_T0);
    }
  }
};

// At most 32 rows of activations: sums stay in the tiles while the panels pass.
template <typename Weights>
void gemm_few(const Weights& w, std::int64_t first, std::int64_t last, const ActivationView& x,
              float* y, std::int64_t y_stride, bool accumulate, std::byte* scratch) {
  auto* panel = reinterpret_cast<std::uint16_t*>(scratch);
  std::byte* sums = scratch + kDecodedBytes;
  const PanelOrder order{first, last, (x.columns + 31) / 32};
  const std::size_t tile_row = static_cast<std::size_t>(order.blocks) * kTile;
  for (std::int64_t n = first; n < last; n += kN) {
    zero_sums();
    const std::byte* b0 = x.packed;
    for (std::int64_t block = 0; block < order.blocks; block += kK / 32) {
      const Panel at = order.at(n, n, block);
      PanelDecoder(w, at, panel).all();
      for (std::int64_t b = 0; b < at.blocks; ++b, b0 += kTile) {
        if (x.rows > kPackRows) {
          multiply_pair(panel + b * kBlockStride, b0, b0 + tile_row);
        } else {
          multiply_one(panel + b * kBlockStride, b0);
        }
      }
    }
    store_sums(sums);
    const Destination to{y + n, y_stride, accumulate, last - n, x.rows};
    for (int tile = 0; tile < 4; ++tile) to.write(tile, sums);
  }
}

template <typename Weights>
void gemm_many(const Weights& w, std::int64_t first, std::int64_t last, const ActivationView& x,
               std::int64_t row0, std::int64_t rows, float* y, std::int64_t y_stride,
               bool accumulate, std::byte* scratch) {
  auto* panel = reinterpret_cast<std::uint16_t*>(scratch);
  auto* next_panel = reinterpret_cast<std::uint16_t*>(scratch + kDecodedBytes);
  std::byte* whole = scratch + 2 * kDecodedBytes;  // sums about to be written
  std::byte* other_whole = whole + kPairBytes;
  std::byte* sums = other_whole + kPairBytes;
  const PanelOrder order{first, last, (x.columns + 31) / 32};
  const std::size_t tile_row = static_cast<std::size_t>(order.blocks) * kTile;
  const std::int64_t pairs = (rows + 31) / 32;
  const std::byte* packed = x.packed + static_cast<std::size_t>(row0 / kPackRows) * tile_row;
  const auto sums_of = [&](const Panel& at) {
    return sums + static_cast<std::size_t>((at.n - at.stretch) / kN * pairs) * kPairBytes;
  };

  Destination waiting;       // of the sums in other_whole
  std::int64_t written = 4;  // of their tiles
  Panel at = order.begin();
  PanelDecoder(w, at, panel).all();
  zero_sums();
  while (!order.is_end(at)) {
    const Panel next = order.after(at);
    PanelDecoder decoder(w, next, next_panel);
    const std::int64_t parts = order.is_end(next) ? 0 : decoder.parts();
    const std::int64_t steps = pairs * at.blocks;
    std::int64_t due = 0;  // parts a step, in steps
    const bool is_last = order.has_last_inputs(at);
    for (std::int64_t p = 0; p < pairs; ++p) {
      const std::byte* b0 = packed + static_cast<std::size_t>(2 * p) * tile_row +
                            static_cast<std::size_t>(at.block0) * kTile;
      const Destination own{y + (row0 + 32 * p) * y_stride + at.n, y_stride, accumulate,
                            last - at.n, rows - 32 * p};
      for (std::int64_t b = 0; b < at.blocks; ++b, b0 += kTile) {
        multiply_pair(panel + b * kBlockStride, b0, b0 + tile_row);
        if (is_last) own.fetch(2 * b);
        for (due += parts; due >= steps; due -= steps) decoder.next();
        if (written < 4 && b % 4 == 1) waiting.write(written++, other_whole);
      }
      while (written < 4) waiting.write(written++, other_whole);

      const bool stays = p + 1 < pairs;
      std::byte* mine = sums_of(at) + static_cast<std::size_t>(p) * kPairBytes;
      const std::byte* following = stays ? mine + kPairBytes : sums_of(next);
      exchange_sums(is_last ? whole : mine, (stays ? at : next).block0 == 0 ? nullptr : following);
      if (is_last) {
        waiting = own;
        written = 0;
        swap(whole, other_whole);
      }
    }
    swap(panel, next_panel);
    at = next;
  }
  while (written < 4) waiting.write(written++, other_whole);
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

template <typename Weights>
void gemm_of(const Weights& w, std::int64_t first, std::int64_t last, const ActivationView& x,
             float* y, std::int64_t y_stride, bool accumulate, std::byte* scratch) {
  if (x.rows <= 2 * kPackRows) return gemm_few(w, first, last, x, y, y_stride, accumulate, scratch);
  for (std::int64_t row = 0; row < x.rows; row += kRowsMax) {
    const std::int64_t rows = x.rows - row < kRowsMax ? x.rows - row : kRowsMax;
    gemm_many(w, first, last, x, row, rows, y, y_stride, accumulate, scratch);
  }
}

void gemm(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
          float* y, std::int64_t y_stride, bool accumulate, std::byte* scratch) {
  if (w.type == DType::kF32) return gemm_f32(w, first, last, x, y, y_stride, accumulate);
  const auto of = [&](const auto& weights) {
    const TileConfig config = whole_tiles();
    _tile_loadconfig(&config);
    gemm_of(weights, first, last, x, y, y_stride, accumulate, scratch);
    _tile_release();
  };
  switch (w.type) {
    case DType::kQ4_0:
      return of(BlockWeights<BlockQ4_0, 32>(w));
    case DType::kQ4_1:
      return of(BlockWeights<BlockQ4_1, 32>(w));
    case DType::kQ5_0:
      return of(BlockWeights<BlockQ5_0, 32>(w));
    case DType::kQ5_1:
      return of(BlockWeights<BlockQ5_1, 32>(w));
    case DType::kQ8_0:
      return of(BlockWeights<BlockQ8_0, 32>(w));
    case DType::kIQ4_NL:
      return of(BlockWeights<BlockIQ4_NL, 32>(w));
    case DType::kQ4_K:
      return of(BlockWeights<BlockQ4_K, 256>(w));
    case DType::kQ5_K:
      return of(BlockWeights<BlockQ5_K, 256>(w));
    case DType::kQ6_K:
      return of(BlockWeights<BlockQ6_K, 256>(w));
    case DType::kIQ4_XS:
      return of(BlockWeights<BlockIQ4_XS, 256>(w));
    default:
      return of(FloatWeights(w));
  }
}

}  // namespace

const Kernels kAmxPromptKernels = {"amx prompt", wants_packed, packed_bytes, pack,
                                   gemm,         false,        nullptr};

}  // namespace seine::engine
