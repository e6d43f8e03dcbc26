// Scale searches behind the block quantisers: given up to 256 floats and weights, find the scale
// (and minimum) whose rounded integers reproduce them with the least weighted squared error.
// Private to formats; scratch arrays are the caller's, nothing allocates.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/formats/half.h"

namespace seine::engine {

// Nearest integer, ties to even, for |value| < 2^22: adding 1.5 * 2^23 rounds in the adder, which
// vectorises on plain SSE2 where nearbyint is a call.
inline int round_near(float value) {
  return static_cast<int>(std::bit_cast<std::uint32_t>(value + 12582912.0f)) - 0x4B400000;
}

// What is no number becomes `low`.
inline int quantum(float value, int low, int high) {
  const auto least = static_cast<float>(low);
  const auto most = static_cast<float>(high);
  return round_near(std::min(std::max(least, value), most));
}

inline float inverse(float scale) {
  return scale != 0.0f && std::isfinite(1.0f / scale) ? 1.0f / scale : 0.0f;
}

// Scale as half bits, kept finite.
inline std::uint16_t half_scale(float scale) {
  return f32_to_f16(std::clamp(scale, -65504.0f, 65504.0f));
}

// x ~ scale * q with q in [low, high].
float search_symmetric(const float* x, const float* weight, int count, int low, int high);

// x ~ scale * q - min with q in [0, high]; scale >= 0. With `min_not_negative` as in the K formats.
struct ScaleAndMin {
  float scale;
  float min;
};
ScaleAndMin search_affine(const float* x, const float* weight, int count, int high,
                          bool min_not_negative);

// x ~ scale * table[q] with the table of IQ4.
float search_iq4(const float* x, const float* weight, int count);
// Index of the table entry nearest to `value`.
int nearest_iq4(float value);

}  // namespace seine::engine
