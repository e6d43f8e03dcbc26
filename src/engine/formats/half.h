// Scalar conversions between float and F16, BF16 and FP8 E4M3, round to nearest even. Plain
// functions, the reference for the vector kernels.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace seine::engine {

inline float f16_to_f32(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half & 0x8000u} << 16;
  const std::uint32_t exponent = (half >> 10) & 31u;
  const std::uint32_t fraction = half & 0x3FFu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | (fraction << 13));
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

// Past the largest half becomes infinity, as IEEE 754 says.
inline std::uint16_t f32_to_f16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u) return static_cast<std::uint16_t>(sign | 0x7E00u);
  if (magnitude >= 0x477FF000u) return static_cast<std::uint16_t>(sign | 0x7C00u);
  if (magnitude < 0x38800000u) {
    // Below 2^-14 halves are multiples of 2^-24: adding 0.5 * 2^0 leaves exactly that many bits.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000u));
  }
  const std::uint32_t rounded = magnitude + 0xFFFu + ((magnitude >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

inline float bf16_to_f32(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

inline std::uint16_t f32_to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

// E4M3 "fn": no infinities, largest 448, NaN is 0x7F and 0xFF.
inline float e4m3_to_f32(std::uint8_t bits) {
  const std::uint32_t exponent = (bits >> 3) & 15u;
  const std::uint32_t fraction = bits & 7u;
  float value;
  if (exponent == 15 && fraction == 7) {
    value = std::bit_cast<float>(0x7FC00000u);
  } else if (exponent == 0) {
    value = static_cast<float>(fraction) * 0x1p-9f;
  } else {
    value = std::bit_cast<float>(((exponent + 120) << 23) | (fraction << 20));
  }
  return (bits & 0x80u) != 0 ? -value : value;
}

// Saturates at 448.
inline std::uint8_t f32_to_e4m3(float value) {
  const std::uint8_t sign = std::signbit(value) ? 0x80 : 0;
  const float magnitude = std::fabs(value);
  if (std::isnan(magnitude)) return static_cast<std::uint8_t>(sign | 0x7F);
  if (magnitude >= 448.0f) return static_cast<std::uint8_t>(sign | 0x7E);
  if (magnitude < 0x1p-6f) {
    return static_cast<std::uint8_t>(sign |
                                     static_cast<std::uint8_t>(std::nearbyint(magnitude * 0x1p9f)));
  }
  const auto bits = std::bit_cast<std::uint32_t>(magnitude);
  const std::uint32_t rounded = bits + 0x7FFFFu + ((bits >> 20) & 1u);
  return static_cast<std::uint8_t>(sign | ((rounded - (120u << 23)) >> 20));
}

template <typename T>
T load_unaligned(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace seine::engine
