// The lightning indexer of DeepSeek-V3.2's sparse attention: a small scorer picks, for every row,
// the positions that MLA then reads. Scores are sum_h w_h relu(q_h . k_s) over small heads; keys
// are cached beside the latent. The release also turns both sides by a Hadamard matrix and rounds
// them to FP8: exact scores do not change by the former, and nothing here needs the latter.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/causal_model.h"
#include "engine/model/mla.h"

namespace seine::engine {

struct IndexerConfig {
  std::int32_t heads = 0;
  std::int32_t head = 0;
  std::int32_t top = 0;  // positions that a row may read
  std::int32_t rope = 0;
  std::int32_t width = 0;
  std::int32_t q_rank = 0;

  static base::Result<IndexerConfig> read(const ModelFile& file, const MlaConfig& mla);
};

struct IndexerWeights {
  MatrixView q;                   // (heads * head, q_rank)
  MatrixView k;                   // (head, width)
  MatrixView proj;                // (heads, width)
  std::vector<float> norm_scale;  // (head)
  std::vector<float> norm_shift;  // (head)

  static base::Result<IndexerWeights> read(const WeightReader& weights, const IndexerConfig& config,
                                           std::int32_t layer);
};

class Indexer {
 public:
  static constexpr std::int32_t kStream = 2;  // of the cache, after latent and rotary key

  Indexer() = default;
  Indexer(const IndexerConfig& config, const Compute& compute, std::int32_t rows_max,
          std::int32_t context);

  // normed (rows, width), q_latent (rows, q_rank). Stores the rows' index keys and returns what
  // each row may read: ascending positions, or an empty list for a row that may read everything;
  // nothing at all when that holds for every row.
  std::span<const std::span<const std::int32_t>> run(const IndexerWeights& weights,
                                                     std::int32_t kv_layer,
                                                     Activations& activations,
                                                     const BatchRows& rows, KvStorage& kv,
                                                     const float* normed, const float* q_latent);

 private:
  void prepare(const IndexerWeights& weights, const BatchRows& rows);
  std::span<const std::int32_t> choose(const BatchRows& rows, std::int32_t row,
                                       std::int32_t kv_layer, const KvStorage& kv, int thread);

  IndexerConfig config_;
  const Compute* compute_ = nullptr;
  FloatRows q_;             // (rows, heads * head)
  FloatRows k_;             // (rows, head)
  FloatRows head_weights_;  // (rows, heads)
  // Of each thread: a tile of keys, padded queries, scores of a tile, scores of all positions.
  std::vector<std::vector<float>> scratch_;
  std::vector<std::vector<std::int32_t>> order_;  // of each thread: positions by score
  std::vector<std::int32_t> chosen_;              // (rows, top)
  std::vector<std::span<const std::int32_t>> selected_;
};

}  // namespace seine::engine
