// Panels: how the AVX rows of the kernel table hold operands while they multiply. A panel is 16
// outputs times a stretch of inputs, decoded from the stored blocks into scratch (L1) just before
// it is used, so that one vector holds 16 outputs and every output has one accumulator that adds
// its inputs in the order in which they are stored: the bits of a sum depend neither on the number
// of rows nor on the instruction set.
//
// Included by files compiled for one instruction set: plain data, no functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seine::engine {

inline constexpr int kPanelOutputs = 16;
inline constexpr int kBlock = 32;            // inputs that share a scale
inline constexpr std::int64_t kInt8K = 256;  // inputs of a panel of 8-bit codes
inline constexpr std::int64_t kFloatK = 128;

// 256 activations of one row: x = scale[i / 32] * q[i]. Rows are padded with zeros to whole chunks;
// the chunks of all rows over the same inputs lie together, as they are read.
struct alignas(64) PackedChunk {
  std::int8_t q[256];
  float scale[8];
  float sum[8];                // scale * (sum of the 32 codes), for formats with minima
  std::int32_t minus_sum[8];   // minus the sum of the 32 codes, for codes stored with a bias
  std::int32_t minus_half[8];  // the same over the first 16 of the 32
};
static_assert(sizeof(PackedChunk) == 384);

// w[output, input] = scale * (q - bias) + min; q is unsigned, four inputs of 16 outputs a vector.
struct alignas(64) Int8Panel {
  std::uint8_t q[kInt8K / 4][kPanelOutputs * 4];
  float scale[kInt8K / 16][kPanelOutputs];  // one per 32 inputs, or per 16 (Q6_K)
  float min[kInt8K / 32][kPanelOutputs];
};

// The sums that an inner kernel keeps in registers.
struct TileShape {
  int rows;
  int panels;
};

struct alignas(64) FloatPanel {
  float w[kFloatK][kPanelOutputs];
};

}  // namespace seine::engine
