#include <array>
#include <cstring>

#include "base/assert.h"
#include "engine/formats/blocks.h"
#include "engine/formats/codec.h"
#include "engine/formats/half.h"
#include "engine/formats/quantize_k.h"
#include "engine/formats/scale_search.h"

namespace seine::engine {
namespace {

void encode(const float* x, const float* weight, BlockQ8_0& block) {
  // At eight bits the largest magnitude over 127 is within 1 % of the best scale: no search.
  (void)weight;
  float peak = 0.0f;
  for (int j = 0; j < 32; ++j) peak = std::max(peak, std::fabs(x[j]));
  block.d = half_scale(peak / 127.0f);
  const float inv = inverse(f16_to_f32(block.d));
  for (int j = 0; j < 32; ++j) {
    block.q[j] = static_cast<std::int8_t>(quantum(x[j] * inv, -127, 127));
  }
}

// Nibbles q[0..31] in the order of the 32-blocks; bits above the fourth go to `high`.
void pack_nibbles(const int* q, std::uint8_t* out, std::uint8_t* high) {
  if (high != nullptr) std::memset(high, 0, 4);
  for (int j = 0; j < 16; ++j) {
    out[j] = static_cast<std::uint8_t>((q[j] & 15) | ((q[j + 16] & 15) << 4));
  }
  for (int j = 0; high != nullptr && j < 32; ++j) {
    high[j / 8] = static_cast<std::uint8_t>(high[j / 8] | ((q[j] >> 4 & 1) << (j % 8)));
  }
}

template <typename Block>
void encode_symmetric(const float* x, const float* weight, Block& block, int half_range,
                      std::uint8_t* high) {
  block.d = half_scale(search_symmetric(x, weight, 32, -half_range, half_range - 1));
  const float inv = inverse(f16_to_f32(block.d));
  int q[32];
  for (int j = 0; j < 32; ++j) {
    q[j] = quantum(x[j] * inv, -half_range, half_range - 1) + half_range;
  }
  pack_nibbles(q, block.q, high);
}

template <typename Block>
void encode_affine(const float* x, const float* weight, Block& block, int most,
                   std::uint8_t* high) {
  const ScaleAndMin found = search_affine(x, weight, 32, most, false);
  block.d = half_scale(found.scale);
  block.m = half_scale(-found.min);
  const float inv = inverse(f16_to_f32(block.d));
  const float m = f16_to_f32(block.m);
  int q[32];
  for (int j = 0; j < 32; ++j) q[j] = quantum((x[j] - m) * inv, 0, most);
  pack_nibbles(q, block.q, high);
}

void encode(const float* x, const float* weight, BlockQ4_0& block) {
  encode_symmetric(x, weight, block, 8, nullptr);
}
void encode(const float* x, const float* weight, BlockQ5_0& block) {
  encode_symmetric(x, weight, block, 16, block.high);
}
void encode(const float* x, const float* weight, BlockQ4_1& block) {
  encode_affine(x, weight, block, 15, nullptr);
}
void encode(const float* x, const float* weight, BlockQ5_1& block) {
  encode_affine(x, weight, block, 31, block.high);
}

void encode(const float* x, const float* weight, BlockIQ4_NL& block) {
  block.d = half_scale(search_iq4(x, weight, 32));
  const float inv = inverse(f16_to_f32(block.d));
  int q[32];
  for (int j = 0; j < 32; ++j) q[j] = nearest_iq4(x[j] * inv);
  pack_nibbles(q, block.q, nullptr);
}

template <typename Block, int kElements>
void encode_blocks(const float* in, const float* importance, std::byte* out, std::size_t elements) {
  std::array<float, kElements> x;
  std::array<float, kElements> weight;
  weight.fill(1.0f);
  for (std::size_t i = 0; i < elements; i += kElements, out += sizeof(Block)) {
    float total = 0.0f;
    for (std::size_t j = 0; j < kElements; ++j) {
      x[j] = std::isfinite(in[i + j]) ? in[i + j] : 0.0f;
      if (importance == nullptr) continue;
      weight[j] = std::isfinite(importance[i + j]) ? std::max(importance[i + j], 0.0f) : 0.0f;
      total += weight[j];
    }
    // A block nothing was ever multiplied with still has to hold its weights.
    if (importance != nullptr && !(total > 0.0f)) weight.fill(1.0f);
    Block block;
    std::memset(static_cast<void*>(&block), 0, sizeof block);
    encode(x.data(), weight.data(), block);
    std::memcpy(out, &block, sizeof block);
  }
}

template <typename T, typename Convert>
void encode_each(const float* in, std::byte* out, std::size_t elements, Convert convert) {
  for (std::size_t i = 0; i < elements; ++i) {
    const T value = convert(in[i]);
    std::memcpy(out + i * sizeof(T), &value, sizeof value);
  }
}

}  // namespace

void quantize_row(DType type, const float* in, const float* importance, std::byte* out,
                  std::size_t elements) {
  SEINE_ASSERT(elements % dtype_info(type).block == 0, "a row is whole blocks");
  switch (type) {
    case DType::kF32:
      std::memcpy(out, in, elements * sizeof(float));
      return;
    case DType::kF16:
      return encode_each<std::uint16_t>(in, out, elements, f32_to_f16);
    case DType::kBF16:
      return encode_each<std::uint16_t>(in, out, elements, f32_to_bf16);
    case DType::kF8E4M3:
      return encode_each<std::uint8_t>(in, out, elements, f32_to_e4m3);
    case DType::kQ8_0:
      return encode_blocks<BlockQ8_0, 32>(in, importance, out, elements);
    case DType::kQ4_0:
      return encode_blocks<BlockQ4_0, 32>(in, importance, out, elements);
    case DType::kQ4_1:
      return encode_blocks<BlockQ4_1, 32>(in, importance, out, elements);
    case DType::kQ5_0:
      return encode_blocks<BlockQ5_0, 32>(in, importance, out, elements);
    case DType::kQ5_1:
      return encode_blocks<BlockQ5_1, 32>(in, importance, out, elements);
    case DType::kQ4_K:
      return encode_blocks<BlockQ4_K, 256>(in, importance, out, elements);
    case DType::kQ5_K:
      return encode_blocks<BlockQ5_K, 256>(in, importance, out, elements);
    case DType::kQ6_K:
      return encode_blocks<BlockQ6_K, 256>(in, importance, out, elements);
    case DType::kIQ4_NL:
      return encode_blocks<BlockIQ4_NL, 32>(in, importance, out, elements);
    case DType::kIQ4_XS:
      return encode_blocks<BlockIQ4_XS, 256>(in, importance, out, elements);
    default:
      SEINE_ASSERT(false, "the type is not encodable");
  }
}

}  // namespace seine::engine
