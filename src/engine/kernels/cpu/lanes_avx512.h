// The vector operations of 16 outputs in a register of AVX-512, for gemm_panels.h: 64 products of
// bytes an instruction. kSigned: codes of a panel are signed bytes (the tiles of AMX multiply
// those), else stored with a bias, as the first operand of vpdpbusd is unsigned. Internal linkage:
// the linker must not keep one instruction set's copy for everybody.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/panel.h"

namespace seine::engine {
namespace {

template <bool kSigned>
struct Lanes512 {
  using I = __m512i;
  using F = __m512;
  static constexpr TileShape kFloatTile{.rows = 6, .panels = 2};
  static constexpr TileShape kInt8Tile{.rows = 4, .panels = 3};
  static constexpr TileShape kInt8SplitTile{.rows = 4, .panels = 2};
  static constexpr int kFewRows = 8;  // of few_rows.h
  // Codes of eight bits are stored plus 128.
  static constexpr int kWideShift = 7;
  static constexpr int kWideFlip = kSigned ? 0 : 0x80;

  // Codes from 0 on whose zero is `kBias`, as the panel holds them.
  template <int kBias>
  static I code(I x) {
    return kSigned && kBias > 0 ? _mm512_sub_epi8(x, bytes(kBias)) : x;
  }

  // 16 (code - 8) of codes in the high halves of bytes.
  static I high_nibbles_less_8(I x)
    requires kSigned
  {
    return _mm512_ternarylogic_epi32(x, bytes(0xF0), bytes(0x80), 0x6A);  // (x & 0xF0) ^ 0x80
  }

  static I load(const void* from) { return _mm512_load_si512(from); }
  static I load_unaligned(const void* from) { return _mm512_loadu_si512(from); }
  static F sixteen_halves(const void* from) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(from)));
  }
  static void store(void* to, I value) { _mm512_store_si512(to, value); }
  static F load_f(const float* from) { return _mm512_load_ps(from); }
  static void store_f(float* to, F value) { _mm512_store_ps(to, value); }
  static void store_unaligned(float* to, F value) { _mm512_storeu_ps(to, value); }
  static __mmask16 some(int count) { return static_cast<__mmask16>((1u << count) - 1); }
  static F load_some(const float* from, int count) {
    return _mm512_maskz_loadu_ps(some(count), from);
  }
  static void store_some(float* to, F value, int count) {
    _mm512_mask_storeu_ps(to, some(count), value);
  }
  static void prefetch(const std::byte* at) { _mm_prefetch(at, _MM_HINT_T1); }
  static void prefetch_near(const std::byte* at) { _mm_prefetch(at, _MM_HINT_T0); }
  static __m128i load16(const std::byte* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  }
  static I gather16(const std::byte* a, const std::byte* b, const std::byte* c,
                    const std::byte* d) {
    I r = _mm512_castsi128_si512(load16(a));
    r = _mm512_inserti32x4(r, load16(b), 1);
    r = _mm512_inserti32x4(r, load16(c), 2);
    return _mm512_inserti32x4(r, load16(d), 3);
  }
  // The four bytes at each of 16 addresses. A gather, as sixteen narrow stores make a wide load
  // wait: on Emerald Rapids one row of Q4_0 goes from 14 to 22 GB/s in L2, of Q8_0 from 22 to 30;
  // masked broadcasts gave 13 and 28.
  static I strided_words(const std::byte* from, std::int64_t stride) {
    const I rows = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return _mm512_i32gather_epi32(
        _mm512_mullo_epi32(rows, _mm512_set1_epi32(static_cast<int>(stride))), from, 1);
  }
  static I unpack_low32(I a, I b) { return _mm512_unpacklo_epi32(a, b); }
  static I unpack_high32(I a, I b) { return _mm512_unpackhi_epi32(a, b); }
  static I unpack_low64(I a, I b) { return _mm512_unpacklo_epi64(a, b); }
  static I unpack_high64(I a, I b) { return _mm512_unpackhi_epi64(a, b); }

  static I zero() { return _mm512_setzero_si512(); }
  static I bytes(int value) { return _mm512_set1_epi8(static_cast<char>(value)); }
  static I dwords(int value) { return _mm512_set1_epi32(value); }
  static I and_(I a, I b) { return _mm512_and_si512(a, b); }
  static I or_(I a, I b) { return _mm512_or_si512(a, b); }
  static I xor_(I a, I b) { return _mm512_xor_si512(a, b); }
  static I sub32(I a, I b) { return _mm512_sub_epi32(a, b); }
  template <int kBits>
  static I shift_right16(I x) {
    return _mm512_srli_epi16(x, kBits);
  }
  template <int kBits>
  static I shift_left16(I x) {
    return _mm512_slli_epi16(x, kBits);
  }
  template <int kBits>
  static I shift_right32(I x) {
    return _mm512_srli_epi32(x, kBits);
  }
  template <int kBits>
  static I shift_left32(I x) {
    return _mm512_slli_epi32(x, kBits);
  }
  static I shift_right32_by(I x, int bits) {
    return _mm512_srli_epi32(x, static_cast<unsigned>(bits));
  }
  static I byte_of(I x, int index) {
    return _mm512_and_si512(shift_right32_by(x, 8 * index), _mm512_set1_epi32(255));
  }
  static I signed_byte_of(I x, int index) {
    return _mm512_srai_epi32(_mm512_slli_epi32(x, static_cast<unsigned>(24 - 8 * index)), 24);
  }
  // 16 in the bytes of each dword whose bit 4 k + byte is set in the dword of `bits`.
  static I spread_bits(I bits, int k) {
    const I byte = _mm512_shuffle_epi8(
        bits,
        _mm512_add_epi8(_mm512_set4_epi32(0x0C0C0C0C, 0x08080808, 0x04040404, 0), bytes(k / 2)));
    const I which = _mm512_set1_epi32(k % 2 == 0 ? 0x08040201 : static_cast<int>(0x80402010u));
    return _mm512_maskz_set1_epi8(_mm512_test_epi8_mask(byte, which), 16);
  }
  static I table(const std::int8_t* from) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static I look_up(I table, I index) { return _mm512_shuffle_epi8(table, index); }
  static I broadcast_word(const void* from) {
    std::int32_t word;
    __builtin_memcpy(&word, from, 4);
    return _mm512_set1_epi32(word);
  }
  template <bool kWide>
  static I dot(I sum, I codes, I x) {
    return _mm512_dpbusd_epi32(sum, codes, x);
  }

  static F zero_f() { return _mm512_setzero_ps(); }
  static F broadcast(float value) { return _mm512_set1_ps(value); }
  static F broadcast_from(const float* from) { return _mm512_set1_ps(*from); }
  static F as_float(I x) { return _mm512_castsi512_ps(x); }
  static F to_float(I x) { return _mm512_cvtepi32_ps(x); }
  static F add(F a, F b) { return _mm512_add_ps(a, b); }
  static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
  static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
  static F negate(F x) { return _mm512_sub_ps(_mm512_setzero_ps(), x); }
  static F low_halves(I x) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(x)); }
  static F high_halves(I x) { return low_halves(_mm512_srli_epi32(x, 16)); }

  static void quantize(const float* x, PackedChunk& out, int j) {
    const F low = _mm512_loadu_ps(x);
    const F high = _mm512_loadu_ps(x + 16);
    const float most = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high)));
    const F inverse = _mm512_set1_ps(most > 0 ? 127.0f / most : 0);
    // What is no number becomes the least integer: kept in range, so that the sums cannot overflow.
    const I least = _mm512_set1_epi32(-127);
    const I a = _mm512_max_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(low, inverse)), least);
    const I b = _mm512_max_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(high, inverse)), least);
    _mm_store_si128(reinterpret_cast<__m128i*>(out.q + 32 * j), _mm512_cvtsepi32_epi8(a));
    _mm_store_si128(reinterpret_cast<__m128i*>(out.q + 32 * j + 16), _mm512_cvtsepi32_epi8(b));
    const int half = _mm512_reduce_add_epi32(a);
    const int all = half + _mm512_reduce_add_epi32(b);
    out.scale[j] = most / 127.0f;
    out.sum[j] = out.scale[j] * static_cast<float>(all);
    out.minus_sum[j] = -all;
    out.minus_half[j] = -half;
  }
};

}  // namespace
}  // namespace seine::engine
