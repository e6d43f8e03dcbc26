// Multi-head latent attention (DeepSeek-V2 paper, section 2.1), shared by all DeepSeek models since
// V2. The cache holds the normed latent and one rotary key per position. Rows that decode are
// absorbed into the latent space (q' = W_uk^T q), so that all heads read the same keys, and results
// come back through W_uv; for rows of prompts the heads' keys and values are made from the latents.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/model/causal_model.h"
#include "engine/ops/attention.h"
#include "engine/ops/expanded_attention.h"

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
  // Whether Phase decides the form. Sparse models absorb always: their rows read a choice of
  // positions each, which no two share.
  bool expands_prompts = true;

  // Keys of the architectures deepseek2 and deepseek32.
  static base::Result<MlaConfig> read(const ModelFile& file);
  std::int32_t head() const { return nope + rope; }
  ExpandedShape expanded() const {
    return {.heads = heads,
            .latent = latent,
            .nope = nope,
            .rope = rope,
            .value = value,
            .scale = scale};
  }
};

// What a file that holds W_uk transposed makes keys of prompts with: 16 bits stay as they are; what
// is quantised becomes eight bits for kernels that multiply bytes, else what it decodes to.
DType key_rows_type(DType stored, std::int64_t latent, const Kernels& kernels);

struct MlaWeights {
  std::vector<float> norm;       // attn_norm (width)
  MatrixView q_a;                // (q_rank, width), with q_rank only
  std::vector<float> q_a_norm;   // (q_rank)
  MatrixView q_b;                // (heads * (nope + rope), q_rank or width)
  MatrixView kv_a;               // (latent + rope, width)
  std::vector<float> kv_norm;    // (latent)
  std::vector<MatrixView> k_b;   // per head (latent, nope): W_uk transposed, which absorbs
  std::vector<MatrixView> k_up;  // per head (nope, latent): W_uk, which makes keys of prompts
  std::vector<MatrixView> v_b;   // per head (value, latent): W_uv
  MatrixView output;             // (width, heads * value)
  AlignedBytes transposed;       // owns k_b where the file holds W_kv_b whole, else k_up

  static base::Result<MlaWeights> read(const WeightReader& weights, const MlaConfig& config,
                                       std::int32_t layer, const Kernels& kernels);
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
  void attend_absorbed(const MlaWeights& weights, std::int32_t kv_layer, BatchRows& rows,
                       RowCounts counts, const KvStorage& kv,
                       std::span<const std::span<const std::int32_t>> selected);

  const Compute* compute_ = nullptr;
  MlaConfig config_;
  AttentionShape shape_;
  AttentionBuffers buffers_;
  ExpandedAttention expanded_;
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
