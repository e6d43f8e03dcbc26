#include "engine/ops/attention.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/ops/kv_rows.h"

namespace seine::engine {
namespace {

// Queries that share a tile: enough to pay for decoding it, few enough that their sums stay in L1.
constexpr std::int32_t kQueriesMax = 32;
constexpr float kNone = -std::numeric_limits<float>::infinity();

std::size_t floats_of(const AttentionShape& shape) {
  const auto key = static_cast<std::size_t>(padded(shape.key_width));
  const auto value = static_cast<std::size_t>(padded(shape.value_width));
  std::size_t floats = kQueriesMax * (key + value + kTileKeys + 2 * kLanes) + kTileKeys * key;
  if (!shape.is_latent) floats += kTileKeys * value;
  return (floats + kLanes - 1) / kLanes * kLanes;
}

}  // namespace

AttentionBuffers::AttentionBuffers(const AttentionShape& shape, int threads)
    : memory_(floats_of(shape) * sizeof(float) * static_cast<std::size_t>(threads)),
      thread_floats_(floats_of(shape)) {
  std::memset(memory_.data(), 0, memory_.size());
}

// One group of queries that read the same keys: up to 32 (row, head) pairs.
class AttentionWorker {
 public:
  AttentionWorker(const VectorOps& ops, const AttentionShape& shape, const KvStorage& kv,
                  std::int32_t layer, AttentionBuffers& buffers, int thread)
      : ops_(ops),
        shape_(shape),
        kv_(kv),
        layer_(layer),
        key_(padded(shape.key_width)),
        value_(padded(shape.value_width)) {
    float* at = reinterpret_cast<float*>(buffers.memory_.data()) +
                buffers.thread_floats_ * static_cast<std::size_t>(thread);
    const auto take = [&at](std::int32_t count) {
      float* from = at;
      at += count;
      return from;
    };
    queries_ = take(kQueriesMax * key_);
    sums_ = take(kQueriesMax * value_);
    scores_ = take(kQueriesMax * kTileKeys);
    max_ = take(kQueriesMax);
    total_ = take(kQueriesMax);
    tile_keys_ = take(kTileKeys * key_);
    tile_values_ = shape.is_latent ? nullptr : take(kTileKeys * value_);
  }

  // Heads [head, head + heads) of rows [first, first + rows), which share KV head `kv_head`.
  void run(const BatchRows& rows, std::int32_t first, std::int32_t count, std::int32_t head,
           std::int32_t heads, std::int32_t kv_head, const float* queries, float* out,
           std::span<const std::int32_t> selected) {
    const std::int32_t n = count * heads;
    for (std::int32_t q = 0; q < n; ++q) {
      const std::int64_t row = first + q / heads;
      const std::int64_t at = row * shape_.heads + head + q % heads;
      std::copy_n(queries + at * shape_.key_width, shape_.key_width, queries_ + q * key_);
      std::fill(queries_ + q * key_ + shape_.key_width, queries_ + (q + 1) * key_, 0.0f);
    }
    std::fill_n(sums_, n * value_, 0.0f);
    std::fill_n(max_, n, kNone);
    std::fill_n(total_, n, 0.0f);

    const TokenRun& sequence = rows.run_of(first);
    const std::int32_t last = rows.row(first + count - 1).position;
    const std::int32_t keys =
        !selected.empty() ? static_cast<std::int32_t>(selected.size())
        : shape_.is_causal
            ? last + 1
            : sequence.first_position + static_cast<std::int32_t>(sequence.tokens.size());
    for (std::int32_t start = 0; start < keys; start += kTileKeys) {
      const std::int32_t loaded = std::min(kTileKeys, keys - start);
      load_tile(sequence, start, loaded, kv_head, selected);
      ops_.scores(queries_, n, tile_keys_, loaded, key_, shape_.scale, scores_);
      for (std::int32_t q = 0; q < n; ++q) {
        const std::int32_t position = rows.row(first + q / heads).position;
        const bool is_masked = shape_.is_causal && selected.empty();
        fold(q, is_masked ? std::clamp(position + 1 - start, 0, loaded) : loaded);
      }
      const float* values = shape_.is_latent ? tile_keys_ : tile_values_;
      ops_.weighted_sum(scores_, n, values, shape_.is_latent ? key_ : value_, loaded, value_, sums_,
                        value_);
    }
    for (std::int32_t q = 0; q < n; ++q) {
      const std::int64_t at = (std::int64_t{first} + q / heads) * shape_.heads + head + q % heads;
      float* to = out + at * shape_.value_width;
      const float factor = 1.0f / total_[q];
      for (std::int32_t d = 0; d < shape_.value_width; ++d) to[d] = sums_[q * value_ + d] * factor;
    }
  }

 private:
  // Scores of one query become weights; what was summed before shrinks to the new maximum.
  void fold(std::int32_t q, std::int32_t valid) {
    float* scores = scores_ + q * kTileKeys;
    if (valid == 0) {
      std::fill_n(scores, kTileKeys, 0.0f);
      return;
    }
    const float factor = ops_.fold_tile(scores, valid, max_ + q, total_ + q);
    if (factor != 1) ops_.shrink(factor, sums_ + q * value_, value_);
  }

  void load_tile(const TokenRun& sequence, std::int32_t start, std::int32_t count,
                 std::int32_t kv_head, std::span<const std::int32_t> selected) {
    const std::int32_t block_tokens = kv_.layout().block_tokens;
    for (std::int32_t t = 0; t < count; ++t) {
      const std::int32_t nth = start + t;
      const std::int32_t position =
          selected.empty() ? nth : selected[static_cast<std::size_t>(nth)];
      const auto at = static_cast<std::size_t>(position) / static_cast<std::size_t>(block_tokens);
      const KvBlockId block = sequence.blocks[at];
      const std::int32_t slot = position % block_tokens;
      float* key = tile_keys_ + t * key_;
      if (shape_.is_latent) {
        const std::int32_t rope = shape_.key_width - shape_.value_width;
        load(block, 0, slot, 0, shape_.value_width, key);
        if (rope > 0) load(block, 1, slot, 0, rope, key + shape_.value_width);
      } else {
        load(block, 0, slot, kv_head * shape_.key_width, shape_.key_width, key);
        load(block, 1, slot, kv_head * shape_.value_width, shape_.value_width,
             tile_values_ + t * value_);
      }
    }
  }

  void load(KvBlockId block, std::int32_t stream, std::int32_t slot, std::int32_t first,
            std::int32_t count, float* out) const {
    kv_load(ops_, kv_, block, layer_, stream, slot, first, count, out);
  }

  const VectorOps& ops_;
  const AttentionShape& shape_;
  const KvStorage& kv_;
  const std::int32_t layer_;
  const std::int32_t key_;
  const std::int32_t value_;
  float* queries_;
  float* sums_;
  float* scores_;
  float* max_;
  float* total_;
  float* tile_keys_;
  float* tile_values_;
};

void attend(const Compute& compute, const AttentionShape& shape, const KvStorage& kv,
            std::int32_t layer, BatchRows& rows, std::int32_t count, const float* queries,
            float* out, AttentionBuffers& buffers,
            std::span<const std::span<const std::int32_t>> selected) {
  const std::int32_t group = shape.heads / shape.kv_heads;
  // Heads of a group that one task takes; several tasks share a group when it is wide (MLA).
  std::int32_t heads = std::min(group, kQueriesMax);
  const std::int32_t threads = compute.pool().threads();
  if (shape.kv_heads < threads && heads > 4) {
    heads = std::max(4, (group * shape.kv_heads + threads - 1) / threads);
    heads = std::min(heads, kQueriesMax);
  }
  const std::int32_t parts = (group + heads - 1) / heads;
  const std::int32_t rows_max = selected.empty() ? std::max(1, kQueriesMax / heads) : 1;
  const std::span<const BatchRows::Chunk> chunks = rows.chunks(count, rows_max);
  const std::int64_t tasks = static_cast<std::int64_t>(chunks.size()) * shape.kv_heads * parts;
  compute.pool().each(tasks, [&](std::int64_t task, int thread) {
    const auto& chunk = chunks[static_cast<std::size_t>(task / (shape.kv_heads * parts))];
    const auto kv_head = static_cast<std::int32_t>(task / parts % shape.kv_heads);
    const auto in_group = static_cast<std::int32_t>(task % parts) * heads;
    const bool is_prompt = rows.runs()[static_cast<std::size_t>(chunk.run)].phase == Phase::kPrompt;
    AttentionWorker worker(is_prompt ? compute.prompt_vector() : compute.vector(), shape, kv, layer,
                           buffers, thread);
    worker.run(rows, chunk.first_row, chunk.rows, kv_head * group + in_group,
               std::min(heads, group - in_group), kv_head, queries, out,
               selected.empty() ? std::span<const std::int32_t>{}
                                : selected[static_cast<std::size_t>(chunk.first_row)]);
  });
}

void store_rows(const Compute& compute, KvStorage& kv, std::int32_t layer, std::int32_t stream,
                const BatchRows& rows, const float* values, std::int64_t stride) {
  const std::int32_t block_tokens = kv.layout().block_tokens;
  const KvStream& form = kv.layout().streams[static_cast<std::size_t>(stream)];
  compute.pool().split(rows.size(), 16, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t r = first; r < last; ++r) {
      const auto index = static_cast<std::int32_t>(r);
      const std::int32_t position = rows.row(index).position;
      const KvBlockId block =
          rows.run_of(index).blocks[static_cast<std::size_t>(position / block_tokens)];
      const std::int32_t slot = position % block_tokens;
      if (form.type == KvType::kF16) {
        compute.vector().to_f16(
            values + r * stride, form.width,
            kv.rows(block, layer, stream) + kv.row_bytes(stream) * static_cast<std::size_t>(slot));
      } else {
        kv.write_row(block, layer, stream, slot, values + r * stride);
      }
    }
  });
}

}  // namespace seine::engine
