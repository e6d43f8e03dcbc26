// Byte layouts of the block formats as they lie in a GGUF file. All packed to alignment 1, so that
// a pointer into any mapping is valid. d and m are IEEE half bits (half.h decodes them).
#pragma once

#include <cstdint>

namespace seine::engine {

#pragma pack(push, 1)

struct BlockQ8_0 {  // w = d q
  std::uint16_t d;
  std::int8_t q[32];
};
struct BlockQ4_0 {  // w[j] = d (low nibble of q[j] - 8), w[j + 16] = d (high - 8)
  std::uint16_t d;
  std::uint8_t q[16];
};
struct BlockQ4_1 {  // w = d q + m, nibbles as Q4_0
  std::uint16_t d;
  std::uint16_t m;
  std::uint8_t q[16];
};
struct BlockQ5_0 {  // w = d (q - 16); bit j of high is the fifth bit of w[j]
  std::uint16_t d;
  std::uint8_t high[4];
  std::uint8_t q[16];
};
struct BlockQ5_1 {  // w = d q + m
  std::uint16_t d;
  std::uint16_t m;
  std::uint8_t high[4];
  std::uint8_t q[16];
};
struct BlockQ4_K {  // w = d sc q - dmin mn, one (sc, mn) of six bits per 32
  std::uint16_t d;
  std::uint16_t dmin;
  std::uint8_t scales[12];
  std::uint8_t q[128];  // 64 weights in 32 bytes: low nibbles are the first 32
};
struct BlockQ5_K {
  std::uint16_t d;
  std::uint16_t dmin;
  std::uint8_t scales[12];
  std::uint8_t high[32];  // bit i of high[l]: fifth bit of weight l of sub-block i
  std::uint8_t q[128];
};
struct BlockQ6_K {  // w = d sc (q - 32), one signed scale per 16
  std::uint8_t low[128];
  std::uint8_t high[64];
  std::int8_t scales[16];
  std::uint16_t d;
};
struct BlockIQ4_NL {  // w = d table[q], nibbles as Q4_0
  std::uint16_t d;
  std::uint8_t q[16];
};
struct BlockIQ4_XS {  // w = d (ls - 32) table[q], one ls of six bits per 32
  std::uint16_t d;
  std::uint16_t scales_high;
  std::uint8_t scales_low[4];
  std::uint8_t q[128];  // 16 bytes per 32 weights: low nibbles are the first 16
};

#pragma pack(pop)

static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20);
static_assert(sizeof(BlockQ5_0) == 22 && sizeof(BlockQ5_1) == 24 && sizeof(BlockQ4_K) == 144);
static_assert(sizeof(BlockQ5_K) == 176 && sizeof(BlockQ6_K) == 210);
static_assert(sizeof(BlockIQ4_NL) == 18 && sizeof(BlockIQ4_XS) == 136);

inline constexpr std::int8_t kIq4Table[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                              1,    13,   25,  38,  53,  69,  89,  113};

// The (scale, min) pair `j` in 0..7 of the twelve bytes of Q4_K and Q5_K.
struct ScaleMin {
  std::uint8_t scale;
  std::uint8_t min;
};
constexpr ScaleMin unpack_scale_min(const std::uint8_t* b, int j) {
  if (j < 4)
    return {static_cast<std::uint8_t>(b[j] & 63), static_cast<std::uint8_t>(b[j + 4] & 63)};
  return {static_cast<std::uint8_t>((b[j + 4] & 15) | ((b[j - 4] >> 6) << 4)),
          static_cast<std::uint8_t>((b[j + 4] >> 4) | ((b[j] >> 6) << 4))};
}

}  // namespace seine::engine
