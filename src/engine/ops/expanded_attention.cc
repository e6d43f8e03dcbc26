#include "engine/ops/expanded_attention.h"

#include <algorithm>
#include <limits>

#include "engine/ops/kv_rows.h"

namespace seine::engine {
namespace {

// Positions that one task decodes and packs: whole pairs of the kernels' tiles of rows.
constexpr std::int32_t kLoadKeys = 64;

// Of a run: in how many groups of `rows` its rows pass, and the positions that it reads.
std::int32_t row_groups(const TokenRun& run, std::int32_t rows) {
  return (static_cast<std::int32_t>(run.tokens.size()) + rows - 1) / rows;
}
std::int32_t keys_of(const TokenRun& run) {
  return run.first_position + static_cast<std::int32_t>(run.tokens.size());
}

std::size_t in_pieces(std::int32_t piece) {
  return static_cast<std::size_t>(piece) * ExpandedAttention::kPieceKeys;
}

}  // namespace

std::int64_t ExpandedAttention::scratch_floats() const {
  const std::int64_t widths = std::int64_t{padded(shape_.head())} + padded(shape_.value);
  return (kPieceKeys + group_rows()) * widths + std::int64_t{group_rows()} * kTileKeys;
}

ExpandedAttention::ExpandedAttention(const ExpandedShape& shape, const Compute& compute,
                                     std::int32_t rows_max)
    : compute_(&compute),
      shape_(shape),
      latents_(in_pieces(kPieces) * static_cast<std::size_t>(shape.latent) * sizeof(float)),
      piece_bytes_((compute.packed_bytes(kPieceKeys, shape.latent) + 63) / 64 * 64),
      scratch_(static_cast<std::size_t>(scratch_floats() * compute.pool().threads()) *
               sizeof(float)) {
  packed_ = AlignedBytes(piece_bytes_ * kPieces);
  segments_.reserve(kPieces);
  const auto states = static_cast<std::size_t>(rows_max) * static_cast<std::size_t>(shape.heads);
  max_.resize(states);
  total_.resize(states);
}

// The first `count` positions of a piece.
ActivationView ExpandedAttention::latents(std::int32_t piece, std::int32_t count) {
  const auto first = in_pieces(piece) * static_cast<std::size_t>(shape_.latent);
  return {.f32 = reinterpret_cast<const float*>(latents_.data()) + first,
          .stride = shape_.latent,
          .packed = packed_.data() + piece_bytes_ * static_cast<std::size_t>(piece),
          .rows = count,
          .columns = shape_.latent};
}

// One head of some of a segment's rows.
class ExpandedAttention::Worker {
 public:
  Worker(ExpandedAttention& owner, const Job& job, std::int32_t head, int thread)
      : owner_(owner),
        ops_(owner.compute_->prompt_vector()),
        shape_(owner.shape_),
        job_(job),
        head_(head),
        thread_(thread),
        key_(padded(shape_.head())),
        value_(padded(shape_.value)) {
    float* at = reinterpret_cast<float*>(owner.scratch_.data()) + owner.scratch_floats() * thread;
    const auto take = [&at](std::int32_t count) {
      float* from = at;
      at += count;
      return from;
    };
    keys_ = take(kPieceKeys * key_);
    values_ = take(kPieceKeys * value_);
    queries_ = take(owner.group_rows() * key_);
    sums_ = take(owner.group_rows() * value_);
    scores_ = take(owner.group_rows() * kTileKeys);
  }

  // Groups of rows [first, last), counted over all runs of the segment.
  void run(const Segment& segment, std::int32_t first, std::int32_t last) {
    std::int32_t to = segment.from;
    each(segment, first, last, [&](std::int32_t row, std::int32_t count) {
      to = std::max(to, std::min(segment.to, job_.rows.row(row + count - 1).position + 1));
    });
    std::int32_t piece = segment.piece;
    for (std::int32_t start = segment.from; start < to; start += kPieceKeys, ++piece) {
      const std::int32_t keys = std::min(kPieceKeys, to - start);
      expand(segment, piece, start, keys);
      each(segment, first, last,
           [&](std::int32_t row, std::int32_t count) { pass(row, count, start, keys); });
    }
  }

 private:
  // work(first row, rows) for groups [first, last).
  template <typename Work>
  void each(const Segment& segment, std::int32_t first, std::int32_t last, Work work) const {
    std::int32_t group = 0;
    for (const BatchRows::Ordered& run : segment.runs) {
      const auto& tokens = job_.rows.runs()[static_cast<std::size_t>(run.run)].tokens;
      const auto rows = static_cast<std::int32_t>(tokens.size());
      const std::int32_t most = owner_.group_rows();
      for (std::int32_t at = 0; at < rows; at += most, ++group) {
        if (group >= first && group < last) work(run.first_row + at, std::min(most, rows - at));
      }
    }
  }

  void expand(const Segment& segment, std::int32_t piece, std::int32_t start, std::int32_t keys) {
    const Compute& compute = *owner_.compute_;
    const auto head = static_cast<std::size_t>(head_);
    const ActivationView latents = owner_.latents(piece, keys);
    const auto make = [&](const MatrixView& weight, float* to, std::int32_t width) {
      compute.tell(weight, latents.f32, latents.stride, keys);
      compute.prompt_kernels().gemm(weight, 0, weight.rows, latents, to, width, false,
                                    compute.pool().scratch(thread_));
    };
    make(job_.keys[head], keys_, key_);
    make(job_.values[head], values_, value_);
    const std::span<const KvBlockId> blocks =
        job_.rows.runs()[static_cast<std::size_t>(segment.runs.front().run)].blocks;
    const std::int32_t block_tokens = job_.kv.layout().block_tokens;
    for (std::int32_t t = 0; t < keys; ++t) {
      float* key = keys_ + t * key_;
      const std::int32_t at = start + t;
      kv_load(ops_, job_.kv, blocks[static_cast<std::size_t>(at / block_tokens)], job_.layer, 1,
              at % block_tokens, 0, shape_.rope, key + shape_.nope);
      std::fill(key + shape_.head(), key + key_, 0.0f);
      std::fill(values_ + t * value_ + shape_.value, values_ + (t + 1) * value_, 0.0f);
    }
  }

  // Rows [first, first + count) read the piece, those that begin behind its first position in part.
  void pass(std::int32_t first, std::int32_t count, std::int32_t start, std::int32_t keys) {
    const std::int32_t position = job_.rows.row(first).position;
    const std::int32_t done = std::max(0, start - position);  // rows that end before the piece
    if (done >= count) return;
    for (std::int32_t q = done; q < count; ++q) enter(first + q, q, start == 0);
    for (std::int32_t tile = 0; tile < keys; tile += kTileKeys) {
      const std::int32_t q0 = std::max(done, start + tile - position);
      if (q0 >= count) break;
      const std::int32_t loaded = std::min(kTileKeys, keys - tile);
      float* scores = scores_ + q0 * kTileKeys;
      ops_.scores(queries_ + q0 * key_, count - q0, keys_ + tile * key_, loaded, key_, shape_.scale,
                  scores);
      for (std::int32_t q = q0; q < count; ++q) {
        const std::int32_t valid = std::min(loaded, position + q + 1 - (start + tile));
        const float factor = ops_.fold_tile(scores_ + q * kTileKeys, valid, max_ + q, total_ + q);
        if (factor != 1) ops_.shrink(factor, sums_ + q * value_, value_);
      }
      ops_.weighted_sum(scores, count - q0, values_ + tile * value_, value_, loaded, value_,
                        sums_ + q0 * value_, value_);
    }
    for (std::int32_t q = done; q < count; ++q)
      leave(first + q, q, position + q < start + keys ? 1.0f / total_[q] : 1.0f);
  }

  std::size_t state(std::int32_t row) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(shape_.heads) +
           static_cast<std::size_t>(head_);
  }
  float* out(std::int32_t row) const {
    return job_.out + static_cast<std::int64_t>(state(row)) * shape_.value;
  }

  void enter(std::int32_t row, std::int32_t q, bool is_start) {
    const auto at = static_cast<std::int64_t>(state(row));
    std::copy_n(job_.queries + at * shape_.head(), shape_.head(), queries_ + q * key_);
    std::fill(queries_ + q * key_ + shape_.head(), queries_ + (q + 1) * key_, 0.0f);
    float* sums = sums_ + q * value_;
    std::fill_n(sums, value_, 0.0f);
    max_[q] = is_start ? -std::numeric_limits<float>::infinity() : owner_.max_[state(row)];
    total_[q] = is_start ? 0.0f : owner_.total_[state(row)];
    if (!is_start) std::copy_n(out(row), shape_.value, sums);
  }

  // A row that has read its last key is divided by its total.
  void leave(std::int32_t row, std::int32_t q, float factor) {
    owner_.max_[state(row)] = max_[q];
    owner_.total_[state(row)] = total_[q];
    float* to = out(row);
    for (std::int32_t d = 0; d < shape_.value; ++d) to[d] = sums_[q * value_ + d] * factor;
  }

  ExpandedAttention& owner_;
  const VectorOps& ops_;
  const ExpandedShape& shape_;
  const Job& job_;
  const std::int32_t head_;
  const int thread_;
  const std::int32_t key_;
  const std::int32_t value_;
  float* keys_;
  float* values_;
  float* queries_;
  float* sums_;
  float* scores_;
  float max_[kQueriesMost];
  float total_[kQueriesMost];
};

// Latents of this round's positions, decoded and packed once for all heads.
void ExpandedAttention::load(const Job& job) {
  constexpr std::int32_t kParts = kPieceKeys / kLoadKeys;
  constexpr std::int64_t kTiles = kLoadKeys / kPackRows;
  const Kernels& kernels = compute_->prompt_kernels();
  const bool is_packed =
      kernels.wants_packed(job.keys.front().type) || kernels.wants_packed(job.values.front().type);
  const std::int32_t block_tokens = job.kv.layout().block_tokens;
  compute_->pool().each(std::int64_t{kPieces} * kParts, [&](std::int64_t task, int) {
    const auto piece = static_cast<std::int32_t>(task / kParts);
    const auto part = static_cast<std::int32_t>(task % kParts);
    const auto segment = std::ranges::find_if(segments_, [&](const Segment& s) {
      return piece >= s.piece && s.from + (piece - s.piece) * kPieceKeys < s.to;
    });
    if (segment == segments_.end()) return;
    const std::int32_t start = segment->from + (piece - segment->piece) * kPieceKeys;
    const std::int32_t keys = std::min(kPieceKeys, segment->to - start);
    const std::int32_t first = part * kLoadKeys;
    const std::int32_t last = std::min(first + kLoadKeys, keys);
    if (first >= last) return;
    const std::span<const KvBlockId> blocks =
        job.rows.runs()[static_cast<std::size_t>(segment->runs.front().run)].blocks;
    const ActivationView view = latents(piece, keys);
    float* to = reinterpret_cast<float*>(latents_.data()) +
                (in_pieces(piece) + static_cast<std::size_t>(first)) *
                    static_cast<std::size_t>(shape_.latent);
    for (std::int32_t t = first; t < last; ++t, to += shape_.latent) {
      const std::int32_t at = start + t;
      kv_load(compute_->prompt_vector(), job.kv,
              blocks[static_cast<std::size_t>(at / block_tokens)], job.layer, 0, at % block_tokens,
              0, shape_.latent, to);
    }
    if (!is_packed) return;
    const std::int64_t tiles = (last - first + kPackRows - 1) / kPackRows;
    kernels.pack(view.f32, view.stride, keys, view.columns, part * kTiles, part * kTiles + tiles,
                 packed_.data() + piece_bytes_ * static_cast<std::size_t>(piece));
  });
}

void ExpandedAttention::attend(const Job& job) {
  // Where there are few heads and prompts for many threads, rows are shared out as well; each share
  // makes the keys for itself.
  const auto whole = static_cast<std::int64_t>(segments_.size()) * shape_.heads;
  const std::int64_t wanted = std::int64_t{2} * compute_->pool().threads();
  const std::int64_t parts = compute_->pool().threads() == 1 ? 1 : (wanted + whole - 1) / whole;
  compute_->pool().each(whole * parts, [&](std::int64_t task, int thread) {
    const Segment& segment = segments_[static_cast<std::size_t>(task / parts / shape_.heads)];
    const auto head = static_cast<std::int32_t>(task / parts % shape_.heads);
    std::int64_t groups = 0;
    for (const BatchRows::Ordered& run : segment.runs)
      groups += row_groups(job.rows.runs()[static_cast<std::size_t>(run.run)], group_rows());
    const std::int64_t part = task % parts;
    const std::int64_t first = groups * part / parts;
    const std::int64_t last = groups * (part + 1) / parts;
    if (first == last) return;
    Worker(*this, job, head, thread)
        .run(segment, static_cast<std::int32_t>(first), static_cast<std::int32_t>(last));
  });
}

void ExpandedAttention::end_round(const Job& job) {
  if (segments_.empty()) return;
  load(job);
  attend(job);
  segments_.clear();
  pieces_ = 0;
}

void ExpandedAttention::add(const Job& job, std::span<const BatchRows::Ordered> runs,
                            std::int32_t from, std::int32_t to) {
  while (from < to) {
    if (pieces_ == kPieces) end_round(job);
    const std::int32_t end = std::min(to, from + (kPieces - pieces_) * kPieceKeys);
    segments_.push_back({.runs = runs, .from = from, .to = end, .piece = pieces_});
    pieces_ += (end - from + kPieceKeys - 1) / kPieceKeys;
    from = end;
  }
}

void ExpandedAttention::run(std::span<const MatrixView> keys, std::span<const MatrixView> values,
                            const KvStorage& kv, std::int32_t layer, const BatchRows& rows,
                            const float* queries, float* out) {
  const Job job{keys, values, kv, layer, rows, queries, out};
  const auto order = rows.ordered();
  const auto end = [&](std::size_t i) {
    return keys_of(rows.runs()[static_cast<std::size_t>(order[i].run)]);
  };
  auto first = static_cast<std::size_t>(
      std::ranges::partition_point(
          order, [&](const auto& each) { return each.first_row < rows.counts().decode; }) -
      order.begin());
  while (first < order.size()) {
    // Neighbours that have whole tiles in common, unless that would be little of what others have.
    std::int32_t shared = end(first);
    std::size_t last = first + 1;
    for (; last < order.size(); ++last) {
      const std::int32_t all =
          std::min({shared, order[last].shared, end(last)}) / kTileKeys * kTileKeys;
      if (all == 0 || (last > first + 1 && 2 * all < shared)) break;
      shared = all;
    }
    const bool is_shared = last > first + 1;
    if (is_shared) {
      add(job, order.subspan(first, last - first), 0, shared);
      end_round(job);
    }
    for (std::size_t i = first; i < last; ++i)
      add(job, order.subspan(i, 1), is_shared ? shared : 0, end(i));
    first = last;
  }
  end_round(job);
}

}  // namespace seine::engine
