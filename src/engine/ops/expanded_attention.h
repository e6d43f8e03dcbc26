// Attention of prompts in MLA: the keys and values of each head are made from the cached latents,
// K = W_uk c and V = W_uv c (DeepSeek-V2 paper, section 2.1, before anything is absorbed), some
// hundred positions at a time. A key then costs a row 192 + 128 products a head where the latent
// space costs 576 + 512, for what all rows share that read the position. Tiles are counted from
// position 0, so a query's bits depend only on its own sequence; memory does not grow with it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/ops/compute.h"
#include "engine/ops/rows.h"

namespace seine::engine {

struct ExpandedShape {
  std::int32_t heads = 0;
  std::int32_t latent = 0;
  std::int32_t nope = 0;  // of a key, made from the latent
  std::int32_t rope = 0;  // of a key, the same for all heads, as it is in the cache
  std::int32_t value = 0;
  float scale = 1;
  std::int32_t head() const { return nope + rope; }
};

class ExpandedAttention {
 public:
  // Positions whose latents are decoded and packed before the heads share them out.
  static constexpr std::int32_t kPieceKeys = 256;
  static constexpr std::int32_t kPieces = 8;

  ExpandedAttention() = default;
  ExpandedAttention(const ExpandedShape& shape, const Compute& compute, std::int32_t rows_max);

  // All rows of prompts, which come last; their latents and rotary keys are in the cache already.
  // keys, values: per head (nope, latent) and (value, latent)
  // queries: (rows, heads * head()), out: (rows, heads * value)
  void run(std::span<const MatrixView> keys, std::span<const MatrixView> values,
           const KvStorage& kv, std::int32_t layer, const BatchRows& rows, const float* queries,
           float* out);

 private:
  // Positions [from, to), which some neighbours in the order of the batch have in common, in pieces
  // from `piece` on.
  struct Segment {
    std::span<const BatchRows::Ordered> runs;
    std::int32_t from;
    std::int32_t to;
    std::int32_t piece;
  };
  // One layer's operands.
  struct Job {
    std::span<const MatrixView> keys;
    std::span<const MatrixView> values;
    const KvStorage& kv;
    std::int32_t layer;
    const BatchRows& rows;
    const float* queries;
    float* out;
  };
  class Worker;

  // Rows that pass a piece together.
  std::int32_t group_rows() const { return compute_->prompt_vector().queries; }
  std::int64_t scratch_floats() const;  // of each thread

  // A segment joins the round; what does not fit waits for the next.
  void add(const Job& job, std::span<const BatchRows::Ordered> runs, std::int32_t from,
           std::int32_t to);
  void end_round(const Job& job);
  void load(const Job& job);
  void attend(const Job& job);
  ActivationView latents(std::int32_t piece, std::int32_t count);

  const Compute* compute_ = nullptr;
  ExpandedShape shape_;
  std::vector<Segment> segments_;  // of this round: every run in one of them at most
  std::int32_t pieces_ = 0;        // of this round
  AlignedBytes latents_;           // (kPieces * kPieceKeys, latent) floats
  AlignedBytes packed_;            // the same packed, each piece apart
  std::size_t piece_bytes_ = 0;
  std::vector<float> max_;    // (rows, heads): running softmax
  std::vector<float> total_;  // (rows, heads)
  AlignedBytes scratch_;      // per thread: a piece's keys and values, queries and their sums
};

}  // namespace seine::engine
