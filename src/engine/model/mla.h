// Multi-head latent attention (DeepSeek-V2 paper, section 2.1), shared by all DeepSeek models since
// V2. The cache holds the normed latent and one rotary key per position; queries are absorbed into
// the latent space (q' = W_uk^T q), so that all heads read the same keys, and results come back
// through W_uv.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/model/causal_model.h"
#include "engine/ops/attention.h"

namespace seine::engine {

struct MlaConfig {
  std::int32_t width = 0;  // of the residual stream
  std::int32_t heads = 0;
  std::int32_t q_rank = 0;  // 0: queries come straight from x
  std::int32_t latent = 0;  // kv_lora_rank
  std::int32_t nope = 0;    // qk_nope_head_dim
  std::int32_t rope = 0;    // qk_rope_head_dim
  std::int32_t value = 0;   // v_head_dim
  float norm_eps = 1e-6f;
  float scale = 1;  // of scores, YaRN's magnitude squared included
  RopePairs pairs = RopePairs::kInterleaved;
  RopeScaling scaling;

  // Keys of the architectures deepseek2 and deepseek32.
  static base::Result<MlaConfig> read(const ModelFile& file);
  std::int32_t head() const { return nope + rope; }
};

struct MlaWeights {
  std::vector<float> norm;      // attn_norm (width)
  MatrixView q_a;               // (q_rank, width), with q_rank only
  std::vector<float> q_a_norm;  // (q_rank)
  MatrixView q_b;               // (heads * (nope + rope), q_rank or width)
  MatrixView kv_a;              // (latent + rope, width)
  std::vector<float> kv_norm;   // (latent)
  std::vector<MatrixView> k_b;  // per head (latent, nope): the transposed key part of W_kv_b
  std::vector<MatrixView> v_b;  // per head (value, latent)
  MatrixView output;            // (width, heads * value)
  AlignedBytes transposed;      // owns k_b where the file holds W_kv_b whole

  static base::Result<MlaWeights> read(const WeightReader& weights, const MlaConfig& config,
                                       std::int32_t layer);
};

// Buffers and steps; one for all layers of a model.
class MlaAttention {
 public:
  MlaAttention() = default;
  MlaAttention(const MlaConfig& config, const Compute& compute, std::int32_t rows_max);

  // x (rows, width) += attention(norm(x)). `selected` as in attend().
  void run(const MlaWeights& weights, std::int32_t kv_layer, Activations& activations,
           BatchRows& rows, KvStorage& kv, float* x);

  // The sparse models choose positions between the two halves.
  void project(const MlaWeights& weights, std::int32_t kv_layer, Activations& activations,
               BatchRows& rows, KvStorage& kv, const float* x);
  void attend_rows(const MlaWeights& weights, std::int32_t kv_layer, Activations& activations,
                   BatchRows& rows, KvStorage& kv, float* x,
                   std::span<const std::span<const std::int32_t>> selected);
  float* normed() { return normed_.data(); }  // (rows, width) after project()
  float* q_latent() { return q_a_.data(); }   // (rows, q_rank) after project()

 private:
  const Compute* compute_ = nullptr;
  MlaConfig config_;
  AttentionShape shape_;
  AttentionBuffers buffers_;
  FloatRows normed_;    // (rows, width)
  FloatRows q_a_;       // (rows, q_rank)
  FloatRows q_;         // (rows, heads * (nope + rope))
  FloatRows kv_a_;      // (rows, latent + rope)
  FloatRows absorbed_;  // (rows, heads * (latent + rope))
  FloatRows latents_;   // (rows, heads * latent)
  FloatRows values_;    // (rows, heads * value)
  AlignedBytes packs_;  // per thread: one head's activations
  std::size_t pack_bytes_ = 0;
};

}  // namespace seine::engine
