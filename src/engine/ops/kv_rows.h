// Rows of the KV cache between float and their stored form. Pure functions; they trust their sizes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kvcache/kv_storage.h"
#include "engine/ops/vector.h"

namespace seine::engine {

inline constexpr std::int32_t kKvGroup = 32;  // values that share a scale in kQ8
struct KvGroup {
  std::uint16_t scale;  // f16
  std::int8_t q[kKvGroup];
};
static_assert(sizeof(KvGroup) == 34);

// values: (width)
void kv_encode(KvType type, const float* values, std::int32_t width, std::byte* row);
// Values [first, first + count) of a row into out (count).
void kv_decode(KvType type, const std::byte* row, std::int32_t first, std::int32_t count,
               float* out);
// The same with vector operations, from the row of a position in the cache.
void kv_load(const VectorOps& ops, const KvStorage& kv, KvBlockId block, std::int32_t layer,
             std::int32_t stream, std::int32_t slot, std::int32_t first, std::int32_t count,
             float* out);

}  // namespace seine::engine
