#include "engine/ops/attention.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/ops/kv_rows.h"

namespace seine::engine {
namespace {

constexpr std::int32_t kHeadsMost = 32;  // of a task
constexpr float kNone = -std::numeric_limits<float>::infinity();

std::size_t floats_of(const AttentionShape& shape, std::int32_t queries) {
  const auto key = static_cast<std::size_t>(padded(shape.key_width));
  const auto value = static_cast<std::size_t>(padded(shape.value_width));
  std::size_t floats =
      static_cast<std::size_t>(queries) * (key + value + kTileKeys + 2) + kTileKeys * key;
  if (!shape.is_latent) floats += kTileKeys * value;
  return (floats + kLanes - 1) / kLanes * kLanes;
}

}  // namespace

AttentionBuffers::AttentionBuffers(const AttentionShape& shape, const Compute& compute)
    : queries_(std::max(compute.vector().queries, compute.prompt_vector().queries)),
      thread_floats_(floats_of(shape, queries_)),
      memory_(thread_floats_ * sizeof(float) * static_cast<std::size_t>(compute.pool().threads())) {
  std::memset(memory_.data(), 0, memory_.size());
}

// One group of queries, (row, head) pairs of rows that begin with the same keys.
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
    queries_ = take(buffers.queries_ * key_);
    sums_ = take(buffers.queries_ * value_);
    scores_ = take(buffers.queries_ * kTileKeys);
    max_ = take(buffers.queries_);
    total_ = take(buffers.queries_);
    tile_keys_ = take(kTileKeys * key_);
    tile_values_ = shape.is_latent ? nullptr : take(kTileKeys * value_);
  }

  // Heads [head, head + heads) of the rows of `chunks`, which share KV head `kv_head`. A tile that
  // several chunks have in the same blocks is loaded once.
  void run(const BatchRows& rows, std::span<const BatchRows::Chunk> chunks, std::int32_t head,
           std::int32_t heads, std::int32_t kv_head, const float* queries, float* out,
           std::span<const std::int32_t> selected) {
    std::int32_t n = 0;
    std::int32_t keys_most = 0;
    for (const BatchRows::Chunk& chunk : chunks) {
      keys_most = std::max(keys_most, keys_of(rows, chunk, selected));
      for (std::int32_t i = 0; i < chunk.rows * heads; ++i, ++n) {
        const std::int64_t row = chunk.first_row + i / heads;
        place_[n] = row * shape_.heads + head + i % heads;
        position_[n] = rows.row(static_cast<std::int32_t>(row)).position;
        std::copy_n(queries + place_[n] * shape_.key_width, shape_.key_width, queries_ + n * key_);
        std::fill(queries_ + n * key_ + shape_.key_width, queries_ + (n + 1) * key_, 0.0f);
      }
    }
    std::fill_n(sums_, n * value_, 0.0f);
    std::fill_n(max_, n, kNone);
    std::fill_n(total_, n, 0.0f);
    for (std::int32_t start = 0; start < keys_most; start += kTileKeys) {
      std::int32_t first = 0;
      for (std::size_t at = 0; at < chunks.size();) {
        const BatchRows::Chunk& chunk = chunks[at];
        const std::int32_t loaded = std::min(kTileKeys, keys_of(rows, chunk, selected) - start);
        std::int32_t last = first;
        do {
          last += chunks[at++].rows * heads;
        } while (loaded == kTileKeys && at < chunks.size() &&
                 chunks[at].shared >= start + kTileKeys &&
                 keys_of(rows, chunks[at], selected) >= start + kTileKeys);
        if (loaded > 0) {
          load_tile(rows.run_of(chunk.first_row), start, loaded, kv_head, selected);
          read_tile(first, last, start, loaded, selected.empty());
        }
        first = last;
      }
    }
    for (std::int32_t q = 0; q < n; ++q) {
      float* to = out + place_[q] * shape_.value_width;
      const float factor = 1.0f / total_[q];
      for (std::int32_t d = 0; d < shape_.value_width; ++d) to[d] = sums_[q * value_ + d] * factor;
    }
  }

 private:
  std::int32_t keys_of(const BatchRows& rows, const BatchRows::Chunk& chunk,
                       std::span<const std::int32_t> selected) const {
    if (!selected.empty()) return static_cast<std::int32_t>(selected.size());
    if (shape_.is_causal) return rows.row(chunk.first_row + chunk.rows - 1).position + 1;
    const TokenRun& run = rows.run_of(chunk.first_row);
    return run.first_position + static_cast<std::int32_t>(run.tokens.size());
  }

  // Queries [first, last) read the tile that is loaded.
  void read_tile(std::int32_t first, std::int32_t last, std::int32_t start, std::int32_t loaded,
                 bool is_dense) {
    const std::int32_t n = last - first;
    float* scores = scores_ + first * kTileKeys;
    ops_.scores(queries_ + first * key_, n, tile_keys_, loaded, key_, shape_.scale, scores);
    const bool is_masked = shape_.is_causal && is_dense;
    for (std::int32_t q = first; q < last; ++q)
      fold(q, is_masked ? std::clamp(position_[q] + 1 - start, 0, loaded) : loaded);
    const float* values = shape_.is_latent ? tile_keys_ : tile_values_;
    ops_.weighted_sum(scores, n, values, shape_.is_latent ? key_ : value_, loaded, value_,
                      sums_ + first * value_, value_);
  }

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
  std::int64_t place_[kQueriesMost];     // (row, head) of a query
  std::int32_t position_[kQueriesMost];  // of its row
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
  std::int32_t heads = std::min(group, kHeadsMost);
  const std::int32_t threads = compute.pool().threads();
  if (shape.kv_heads < threads && heads > 4) {
    heads = std::max(4, (group * shape.kv_heads + threads - 1) / threads);
    heads = std::min(heads, kHeadsMost);
  }
  const std::int32_t parts = (group + heads - 1) / heads;
  const std::int64_t row_tasks = std::int64_t{shape.kv_heads} * parts;
  // Rows that share a tile, as long as every thread has something to do.
  const std::int64_t share = count * row_tasks / (std::int64_t{2} * threads);
  const std::int32_t queries_most =
      count > rows.counts().decode ? compute.prompt_vector().queries : compute.vector().queries;
  const auto rows_max = static_cast<std::int32_t>(
      std::clamp<std::int64_t>(share, 1, std::max(1, queries_most / heads)));
  const std::span<const BatchRows::Group> groups =
      rows.groups(count, selected.empty() ? rows_max : 1, selected.empty() ? kTileKeys : 0);
  const auto tasks = static_cast<std::int64_t>(groups.size()) * row_tasks;
  compute.pool().each(tasks, [&](std::int64_t task, int thread) {
    const auto chunks = rows.chunks(groups[static_cast<std::size_t>(task / row_tasks)]);
    const auto kv_head = static_cast<std::int32_t>(task / parts % shape.kv_heads);
    const auto in_group = static_cast<std::int32_t>(task % parts) * heads;
    const BatchRows::Chunk& first = chunks.front();
    const bool is_prompt = rows.runs()[static_cast<std::size_t>(first.run)].phase == Phase::kPrompt;
    AttentionWorker worker(is_prompt ? compute.prompt_vector() : compute.vector(), shape, kv, layer,
                           buffers, thread);
    worker.run(rows, chunks, kv_head * group + in_group, std::min(heads, group - in_group), kv_head,
               queries, out,
               selected.empty() ? std::span<const std::int32_t>{}
                                : selected[static_cast<std::size_t>(first.first_row)]);
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
