// The row for AVX2: 16 outputs are two registers, bytes are multiplied by vpmaddubsw. That adds
// pairs of u8 x s8 in 16 bits and saturates, so codes of eight bits go through it as magnitudes
// (at most 128 * 127 * 2), their signs moved to the activations.
#include <immintrin.h>

#include "engine/kernels/cpu/gemm_panels.h"
#include "engine/kernels/cpu/rows.h"

namespace seine::engine {
namespace {

struct Lanes {
  struct I {
    __m256i a, b;
  };
  struct F {
    __m256 a, b;
  };
  static constexpr TileShape kFloatTile{.rows = 3, .panels = 1};
  static constexpr TileShape kInt8Tile{.rows = 3, .panels = 1};
  static constexpr TileShape kInt8SplitTile{.rows = 2, .panels = 1};
  static constexpr int kFewRows = 1;  // of few_rows.h
  static constexpr int kWideShift = -1;
  static constexpr int kWideFlip = 0;

  template <int kBias>
  static I code(I x) {
    return x;
  }
  static __m256i load8(const void* from) {
    return _mm256_load_si256(static_cast<const __m256i*>(from));
  }
  static I load(const void* from) {
    return {load8(from), load8(static_cast<const std::byte*>(from) + 32)};
  }
  static I load_unaligned(const void* from) {
    const auto* at = static_cast<const __m256i*>(from);
    return {_mm256_loadu_si256(at), _mm256_loadu_si256(at + 1)};
  }
  static F sixteen_halves(const void* from) {
    const auto* at = static_cast<const __m128i*>(from);
    return {_mm256_cvtph_ps(_mm_loadu_si128(at)), _mm256_cvtph_ps(_mm_loadu_si128(at + 1))};
  }
  static void store(void* to, I x) {
    _mm256_store_si256(static_cast<__m256i*>(to), x.a);
    _mm256_store_si256(static_cast<__m256i*>(to) + 1, x.b);
  }
  static F load_f(const float* from) { return {_mm256_load_ps(from), _mm256_load_ps(from + 8)}; }
  static void store_f(float* to, F x) {
    _mm256_store_ps(to, x.a);
    _mm256_store_ps(to + 8, x.b);
  }
  static F load_some(const float* from, int count) {
    if (count == 16) return {_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)};
    alignas(32) float whole[16] = {};
    __builtin_memcpy(whole, from, sizeof(float) * static_cast<std::size_t>(count));
    return load_f(whole);
  }
  static void store_unaligned(float* to, F x) {
    _mm256_storeu_ps(to, x.a);
    _mm256_storeu_ps(to + 8, x.b);
  }
  static void store_some(float* to, F x, int count) {
    if (count == 16) return store_unaligned(to, x);
    alignas(32) float whole[16];
    store_f(whole, x);
    __builtin_memcpy(to, whole, sizeof(float) * static_cast<std::size_t>(count));
  }
  static void prefetch(const std::byte* at) { _mm_prefetch(at, _MM_HINT_T1); }
  static void prefetch_near(const std::byte* at) { _mm_prefetch(at, _MM_HINT_T0); }
  static __m128i load16(const std::byte* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  static I gather16(const std::byte* a, const std::byte* b, const std::byte* c,
                    const std::byte* d) {
    return {_mm256_inserti128_si256(_mm256_castsi128_si256(load16(a)), load16(b), 1),
            _mm256_inserti128_si256(_mm256_castsi128_si256(load16(c)), load16(d), 1)};
  }
  // The four bytes at each of 16 addresses.
  static I strided_words(const std::byte* from, std::int64_t stride) {
    alignas(32) std::uint32_t words[kPanelOutputs];
    for (int i = 0; i < kPanelOutputs; ++i)
      __builtin_memcpy(&words[i], from + i * stride, sizeof words[i]);
    return load(words);
  }
  static I unpack_low32(I x, I y) {
    return {_mm256_unpacklo_epi32(x.a, y.a), _mm256_unpacklo_epi32(x.b, y.b)};
  }
  static I unpack_high32(I x, I y) {
    return {_mm256_unpackhi_epi32(x.a, y.a), _mm256_unpackhi_epi32(x.b, y.b)};
  }
  static I unpack_low64(I x, I y) {
    return {_mm256_unpacklo_epi64(x.a, y.a), _mm256_unpacklo_epi64(x.b, y.b)};
  }
  static I unpack_high64(I x, I y) {
    return {_mm256_unpackhi_epi64(x.a, y.a), _mm256_unpackhi_epi64(x.b, y.b)};
  }

  static I both(__m256i x) { return {x, x}; }
  static I zero() { return both(_mm256_setzero_si256()); }
  static I bytes(int value) { return both(_mm256_set1_epi8(static_cast<char>(value))); }
  static I dwords(int value) { return both(_mm256_set1_epi32(value)); }
  static I and_(I x, I y) { return {_mm256_and_si256(x.a, y.a), _mm256_and_si256(x.b, y.b)}; }
  static I or_(I x, I y) { return {_mm256_or_si256(x.a, y.a), _mm256_or_si256(x.b, y.b)}; }
  static I xor_(I x, I y) { return {_mm256_xor_si256(x.a, y.a), _mm256_xor_si256(x.b, y.b)}; }
  static I sub32(I x, I y) { return {_mm256_sub_epi32(x.a, y.a), _mm256_sub_epi32(x.b, y.b)}; }
  template <int kBits>
  static I shift_right16(I x) {
    return {_mm256_srli_epi16(x.a, kBits), _mm256_srli_epi16(x.b, kBits)};
  }
  template <int kBits>
  static I shift_left16(I x) {
    return {_mm256_slli_epi16(x.a, kBits), _mm256_slli_epi16(x.b, kBits)};
  }
  template <int kBits>
  static I shift_right32(I x) {
    return shift_right32_by(x, kBits);
  }
  template <int kBits>
  static I shift_left32(I x) {
    return {_mm256_slli_epi32(x.a, kBits), _mm256_slli_epi32(x.b, kBits)};
  }
  static I shift_right32_by(I x, int bits) {
    return {_mm256_srli_epi32(x.a, bits), _mm256_srli_epi32(x.b, bits)};
  }
  static I byte_of(I x, int index) { return and_(shift_right32_by(x, 8 * index), dwords(255)); }
  static I signed_byte_of(I x, int index) {
    const int up = 24 - 8 * index;
    return {_mm256_srai_epi32(_mm256_slli_epi32(x.a, up), 24),
            _mm256_srai_epi32(_mm256_slli_epi32(x.b, up), 24)};
  }
  // 16 in the bytes of each dword whose bit 4 k + byte is set in the dword of `bits`.
  static I spread_bits(I bits, int k) {
    const __m256i pick = _mm256_add_epi8(_mm256_set_epi32(0x0C0C0C0C, 0x08080808, 0x04040404, 0,
                                                          0x0C0C0C0C, 0x08080808, 0x04040404, 0),
                                         _mm256_set1_epi8(static_cast<char>(k / 2)));
    const I which = dwords(k % 2 == 0 ? 0x08040201 : static_cast<int>(0x80402010u));
    const I hit =
        and_({_mm256_shuffle_epi8(bits.a, pick), _mm256_shuffle_epi8(bits.b, pick)}, which);
    return and_({_mm256_cmpeq_epi8(hit.a, which.a), _mm256_cmpeq_epi8(hit.b, which.b)}, bytes(16));
  }
  static I table(const std::int8_t* from) {
    return both(
        _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
  }
  static I look_up(I table, I index) {
    return {_mm256_shuffle_epi8(table.a, index.a), _mm256_shuffle_epi8(table.b, index.b)};
  }
  static I broadcast_word(const void* from) {
    std::int32_t word;
    __builtin_memcpy(&word, from, 4);
    return dwords(word);
  }
  template <bool kWide>
  static __m256i dot8(__m256i sum, __m256i codes, __m256i x) {
    const __m256i pairs =
        kWide ? _mm256_maddubs_epi16(_mm256_abs_epi8(codes), _mm256_sign_epi8(x, codes))
              : _mm256_maddubs_epi16(codes, x);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  template <bool kWide>
  static I dot(I sum, I codes, I x) {
    return {dot8<kWide>(sum.a, codes.a, x.a), dot8<kWide>(sum.b, codes.b, x.b)};
  }

  static F zero_f() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static F broadcast(float value) { return {_mm256_set1_ps(value), _mm256_set1_ps(value)}; }
  static F broadcast_from(const float* from) { return broadcast(*from); }
  static F as_float(I x) { return {_mm256_castsi256_ps(x.a), _mm256_castsi256_ps(x.b)}; }
  static F to_float(I x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
  static F add(F x, F y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
  static F mul(F x, F y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
  static F fma(F x, F y, F z) {
    return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
  }
  static F negate(F x) {
    const __m256 zero = _mm256_setzero_ps();
    return {_mm256_sub_ps(zero, x.a), _mm256_sub_ps(zero, x.b)};
  }
  static __m256 low_halves8(__m256i x) {
    const __m256i words = _mm256_packus_epi32(_mm256_and_si256(x, _mm256_set1_epi32(0xFFFF)), x);
    return _mm256_cvtph_ps(
        _mm256_castsi256_si128(_mm256_permute4x64_epi64(words, _MM_SHUFFLE(3, 1, 2, 0))));
  }
  static F low_halves(I x) { return {low_halves8(x.a), low_halves8(x.b)}; }
  static F high_halves(I x) { return low_halves(shift_right32_by(x, 16)); }

  static void quantize(const float* x, PackedChunk& out, int j) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 part[4];
    __m256 most8 = _mm256_setzero_ps();
    for (int i = 0; i < 4; ++i) {
      part[i] = _mm256_loadu_ps(x + 8 * i);
      most8 = _mm256_max_ps(most8, _mm256_andnot_ps(sign, part[i]));
    }
    alignas(32) float lanes[8];
    _mm256_store_ps(lanes, most8);
    float most = 0;
    for (const float lane : lanes) most = lane > most ? lane : most;
    const __m256 inverse = _mm256_set1_ps(most > 0 ? 127.0f / most : 0);
    int sums[2] = {0, 0};
    for (int i = 0; i < 4; ++i) {
      const __m256i code = _mm256_cvtps_epi32(_mm256_mul_ps(part[i], inverse));
      alignas(32) std::int32_t words[8];
      _mm256_store_si256(reinterpret_cast<__m256i*>(words), code);
      for (int n = 0; n < 8; ++n) {
        const int clamped = words[n] < -127 ? -127 : words[n] > 127 ? 127 : words[n];
        out.q[32 * j + 8 * i + n] = static_cast<std::int8_t>(clamped);
        sums[i / 2] += clamped;
      }
    }
    out.scale[j] = most / 127.0f;
    out.sum[j] = out.scale[j] * static_cast<float>(sums[0] + sums[1]);
    out.minus_sum[j] = -(sums[0] + sums[1]);
    out.minus_half[j] = -sums[0];
  }
};

using Row = PanelKernels<Lanes>;

}  // namespace

const Kernels kAvx2Kernels = {
    "avx2", Row::wants_packed, Row::packed_bytes, Row::pack, Row::gemm, true, nullptr};

}  // namespace seine::engine
