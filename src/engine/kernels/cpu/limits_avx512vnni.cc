#include <immintrin.h>

#include "engine/kernels/cpu/limits.h"

namespace seine::engine {

double spin_vpdpbusd(std::int64_t count) {
  __m512i sums[16];
  for (__m512i& sum : sums) sum = _mm512_setzero_si512();
  const __m512i one = _mm512_set1_epi8(1);
  for (std::int64_t i = 0; i < count; i += 16) {
#pragma clang loop unroll(full)
    for (__m512i& sum : sums) {
      sum = _mm512_dpbusd_epi32(sum, one, one);
      __asm__ volatile("" : "+v"(sum));  // keeps the loop from being folded into one product
    }
  }
  return static_cast<double>(count) * 64;
}

std::uint64_t read_once(const std::byte* from, std::size_t bytes) {
  __m512i sum[4] = {};
  for (std::size_t i = 0; i < bytes; i += 256) {
    for (std::size_t j = 0; j < 4; ++j) {
      _mm_prefetch(from + i + 8192 + 64 * j, _MM_HINT_T0);
      sum[j] = _mm512_xor_si512(sum[j], _mm512_loadu_si512(from + i + 64 * j));
    }
  }
  const __m512i all =
      _mm512_xor_si512(_mm512_xor_si512(sum[0], sum[1]), _mm512_xor_si512(sum[2], sum[3]));
  return static_cast<std::uint64_t>(_mm512_reduce_or_epi64(all));
}

}  // namespace seine::engine
