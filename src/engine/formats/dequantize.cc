#include "base/assert.h"
#include "engine/formats/blocks.h"
#include "engine/formats/codec.h"
#include "engine/formats/half.h"

namespace seine::engine {
namespace {

void decode(const BlockQ8_0& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(block.q[j]);
}

void decode(const BlockQ4_0& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int j = 0; j < 16; ++j) {
    out[j] = d * static_cast<float>((block.q[j] & 15) - 8);
    out[j + 16] = d * static_cast<float>((block.q[j] >> 4) - 8);
  }
}

void decode(const BlockQ4_1& block, float* out) {
  const float d = f16_to_f32(block.d);
  const float m = f16_to_f32(block.m);
  for (int j = 0; j < 16; ++j) {
    out[j] = d * static_cast<float>(block.q[j] & 15) + m;
    out[j + 16] = d * static_cast<float>(block.q[j] >> 4) + m;
  }
}

// Weight j of the 32, five bits.
template <typename Block>
int five_bits(const Block& block, int j) {
  const int low = j < 16 ? block.q[j] & 15 : block.q[j - 16] >> 4;
  return low | ((block.high[j / 8] >> (j % 8) & 1) << 4);
}

void decode(const BlockQ5_0& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(five_bits(block, j) - 16);
}

void decode(const BlockQ5_1& block, float* out) {
  const float d = f16_to_f32(block.d);
  const float m = f16_to_f32(block.m);
  for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(five_bits(block, j)) + m;
}

void decode(const BlockQ4_K& block, float* out) {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int i = 0; i < 8; ++i) {
    const ScaleMin s = unpack_scale_min(block.scales, i);
    const float scale = d * static_cast<float>(s.scale);
    const float min = dmin * static_cast<float>(s.min);
    const std::uint8_t* q = block.q + i / 2 * 32;
    for (int l = 0; l < 32; ++l) {
      const int value = i % 2 == 0 ? q[l] & 15 : q[l] >> 4;
      out[i * 32 + l] = scale * static_cast<float>(value) - min;
    }
  }
}

void decode(const BlockQ5_K& block, float* out) {
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (int i = 0; i < 8; ++i) {
    const ScaleMin s = unpack_scale_min(block.scales, i);
    const float scale = d * static_cast<float>(s.scale);
    const float min = dmin * static_cast<float>(s.min);
    const std::uint8_t* q = block.q + i / 2 * 32;
    for (int l = 0; l < 32; ++l) {
      const int low = i % 2 == 0 ? q[l] & 15 : q[l] >> 4;
      const int value = low | ((block.high[l] >> i & 1) << 4);
      out[i * 32 + l] = scale * static_cast<float>(value) - min;
    }
  }
}

void decode(const BlockQ6_K& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int half = 0; half < 2; ++half) {
    const std::uint8_t* low = block.low + half * 64;
    const std::uint8_t* high = block.high + half * 32;
    for (int j = 0; j < 128; ++j) {
      const int quarter = j / 32;
      const int l = j % 32;
      const std::uint8_t byte = low[l + quarter % 2 * 32];
      const int nibble = quarter < 2 ? byte & 15 : byte >> 4;
      const int value = (nibble | ((high[l] >> (2 * quarter) & 3) << 4)) - 32;
      const float scale = d * static_cast<float>(block.scales[half * 8 + j / 16]);
      out[half * 128 + j] = scale * static_cast<float>(value);
    }
  }
}

void decode(const BlockIQ4_NL& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int j = 0; j < 16; ++j) {
    out[j] = d * static_cast<float>(kIq4Table[block.q[j] & 15]);
    out[j + 16] = d * static_cast<float>(kIq4Table[block.q[j] >> 4]);
  }
}

void decode(const BlockIQ4_XS& block, float* out) {
  const float d = f16_to_f32(block.d);
  for (int i = 0; i < 8; ++i) {
    const int scale =
        (block.scales_low[i / 2] >> (4 * (i % 2)) & 15) | ((block.scales_high >> (2 * i) & 3) << 4);
    const float ds = d * static_cast<float>(scale - 32);
    for (int j = 0; j < 16; ++j) {
      const std::uint8_t q = block.q[i * 16 + j];
      out[i * 32 + j] = ds * static_cast<float>(kIq4Table[q & 15]);
      out[i * 32 + j + 16] = ds * static_cast<float>(kIq4Table[q >> 4]);
    }
  }
}

template <typename Block, int kElements>
void decode_blocks(const std::byte* in, float* out, std::size_t elements) {
  for (std::size_t i = 0; i < elements / kElements; ++i) {
    decode(load_unaligned<Block>(in + i * sizeof(Block)), out + i * kElements);
  }
}

template <typename T, typename Convert>
void decode_each(const std::byte* in, float* out, std::size_t elements, Convert convert) {
  for (std::size_t i = 0; i < elements; ++i) {
    out[i] = convert(load_unaligned<T>(in + i * sizeof(T)));
  }
}

}  // namespace

void dequantize_row(DType type, const std::byte* in, float* out, std::size_t elements) {
  SEINE_ASSERT(elements % dtype_info(type).block == 0, "a row is whole blocks");
  switch (type) {
    case DType::kF32:
      return decode_each<float>(in, out, elements, [](float v) { return v; });
    case DType::kF16:
      return decode_each<std::uint16_t>(in, out, elements, f16_to_f32);
    case DType::kBF16:
      return decode_each<std::uint16_t>(in, out, elements, bf16_to_f32);
    case DType::kF8E4M3:
      return decode_each<std::uint8_t>(in, out, elements, e4m3_to_f32);
    case DType::kQ8_0:
      return decode_blocks<BlockQ8_0, 32>(in, out, elements);
    case DType::kQ4_0:
      return decode_blocks<BlockQ4_0, 32>(in, out, elements);
    case DType::kQ4_1:
      return decode_blocks<BlockQ4_1, 32>(in, out, elements);
    case DType::kQ5_0:
      return decode_blocks<BlockQ5_0, 32>(in, out, elements);
    case DType::kQ5_1:
      return decode_blocks<BlockQ5_1, 32>(in, out, elements);
    case DType::kQ4_K:
      return decode_blocks<BlockQ4_K, 256>(in, out, elements);
    case DType::kQ5_K:
      return decode_blocks<BlockQ5_K, 256>(in, out, elements);
    case DType::kQ6_K:
      return decode_blocks<BlockQ6_K, 256>(in, out, elements);
    case DType::kIQ4_NL:
      return decode_blocks<BlockIQ4_NL, 32>(in, out, elements);
    case DType::kIQ4_XS:
      return decode_blocks<BlockIQ4_XS, 256>(in, out, elements);
    default:
      SEINE_ASSERT(false, "the type is not decodable");
  }
}

}  // namespace seine::engine
