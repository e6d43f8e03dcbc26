// Attention over the paged cache: grouped-query attention, and MLA in its absorbed form (prompts
// have another, expanded_attention.h), where all
// heads share one key (latent and rotary part) whose latent part is also the value (DeepSeek-V2
// paper, section 2.1). Keys are read in tiles of 64 positions counted from 0, each folded into a
// running softmax: memory is a tile, and a query's bits depend only on its own sequence.
#pragma once

#include <cstdint>
#include <span>

#include "engine/ops/compute.h"
#include "engine/ops/rows.h"

namespace seine::engine {

struct AttentionShape {
  std::int32_t heads = 0;
  std::int32_t kv_heads = 0;
  std::int32_t key_width = 0;    // of a query and a key
  std::int32_t value_width = 0;  // of a result; with `is_latent` the first part of the key
  float scale = 1;
  // Streams of the cache: keys and values; or (is_latent) latent and rotary key, kv_heads 1.
  bool is_latent = false;
  bool is_causal = true;
};

// Scratch of all threads for one shape.
class AttentionBuffers {
 public:
  AttentionBuffers() = default;
  AttentionBuffers(const AttentionShape& shape, const Compute& compute);
  std::size_t bytes() const { return memory_.size(); }

 private:
  friend class AttentionWorker;
  std::int32_t queries_ = 0;
  std::size_t thread_floats_ = 0;
  AlignedBytes memory_;
};

// The first `count` rows, which end with a run. queries: (rows, heads * key_width), out: (rows,
// heads * value_width). The rows' own keys and values are in the cache already. `selected`
// restricts each row to listed positions, ascending: row r reads selected[r] unless that is empty
// (sparse attention); pass {} for all.
void attend(const Compute& compute, const AttentionShape& shape, const KvStorage& kv,
            std::int32_t layer, BatchRows& rows, std::int32_t count, const float* queries,
            float* out, AttentionBuffers& buffers,
            std::span<const std::span<const std::int32_t>> selected = {});

// Stores one stream of every row: values (rows, stride).
void store_rows(const Compute& compute, KvStorage& kv, std::int32_t layer, std::int32_t stream,
                const BatchRows& rows, const float* values, std::int64_t stride);

}  // namespace seine::engine
