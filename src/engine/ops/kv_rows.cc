#include "engine/ops/kv_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/formats/half.h"

namespace seine::engine {
namespace {

// Beyond the largest half a cached value would become infinite and poison every later sum.
constexpr float kHalfMax = 65504.0f;

void encode_group(const float* values, KvGroup& to) {
  float largest = 0;
  for (std::int32_t i = 0; i < kKvGroup; ++i) largest = std::max(largest, std::fabs(values[i]));
  to.scale = f32_to_f16(std::min(largest / 127.0f, kHalfMax));
  const float scale = f16_to_f32(to.scale);
  const float inverse = scale > 0 ? 1.0f / scale : 0.0f;
  for (std::int32_t i = 0; i < kKvGroup; ++i) {
    const float q = std::clamp(std::nearbyint(values[i] * inverse), -127.0f, 127.0f);
    to.q[i] = std::isnan(q) ? std::int8_t{0} : static_cast<std::int8_t>(q);
  }
}

}  // namespace

void kv_encode(KvType type, const float* values, std::int32_t width, std::byte* row) {
  switch (type) {
    case KvType::kF32:
      std::memcpy(row, values, sizeof(float) * static_cast<std::size_t>(width));
      return;
    case KvType::kF16:
      for (std::int32_t i = 0; i < width; ++i) {
        const std::uint16_t half = f32_to_f16(std::clamp(values[i], -kHalfMax, kHalfMax));
        std::memcpy(row + 2 * i, &half, 2);
      }
      return;
    case KvType::kQ8:
      for (std::int32_t i = 0; i < width; i += kKvGroup, row += sizeof(KvGroup)) {
        KvGroup group;
        encode_group(values + i, group);
        std::memcpy(row, &group, sizeof group);
      }
      return;
  }
}

void kv_decode(KvType type, const std::byte* row, std::int32_t first, std::int32_t count,
               float* out) {
  switch (type) {
    case KvType::kF32:
      std::memcpy(out, row + 4 * first, sizeof(float) * static_cast<std::size_t>(count));
      return;
    case KvType::kF16:
      for (std::int32_t i = 0; i < count; ++i) {
        out[i] = f16_to_f32(load_unaligned<std::uint16_t>(row + 2 * (first + i)));
      }
      return;
    case KvType::kQ8:
      row += static_cast<std::size_t>(first / kKvGroup) * sizeof(KvGroup);
      for (std::int32_t i = 0; i < count; i += kKvGroup, row += sizeof(KvGroup)) {
        const float scale = f16_to_f32(load_unaligned<std::uint16_t>(row));
        const std::byte* q = row + 2;
        for (std::int32_t j = 0; j < kKvGroup; ++j) {
          out[i + j] = scale * static_cast<float>(static_cast<std::int8_t>(q[j]));
        }
      }
      return;
  }
}

void kv_load(const VectorOps& ops, const KvStorage& kv, KvBlockId block, std::int32_t layer,
             std::int32_t stream, std::int32_t slot, std::int32_t first, std::int32_t count,
             float* out) {
  const std::byte* row =
      kv.rows(block, layer, stream) + kv.row_bytes(stream) * static_cast<std::size_t>(slot);
  switch (kv.layout().streams[static_cast<std::size_t>(stream)].type) {
    case KvType::kF32:
      std::memcpy(out, row + 4 * first, sizeof(float) * static_cast<std::size_t>(count));
      return;
    case KvType::kF16:
      ops.from_f16(row + 2 * first, count, out);
      return;
    case KvType::kQ8:
      row += static_cast<std::size_t>(first / kKvGroup) * sizeof(KvGroup);
      for (std::int32_t i = 0; i < count; i += kKvGroup, row += sizeof(KvGroup)) {
        ops.from_i8(row + 2, f16_to_f32(load_unaligned<std::uint16_t>(row)), kKvGroup, out + i);
      }
      return;
  }
}

}  // namespace seine::engine
