// Grouped-query attention, shared by the llama family and the encoders: rotary or not, causal or
// not, with the biases and head norms that a checkpoint brings.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/model/causal_model.h"
#include "engine/ops/attention.h"

namespace seine::engine {

struct GqaConfig {
  std::int32_t width = 0;
  std::int32_t heads = 0;
  std::int32_t kv_heads = 0;
  std::int32_t head = 0;
  std::int32_t rope = 0;  // rotary values of a head; 0: positions come from elsewhere
  RopePairs pairs = RopePairs::kInterleaved;
  RopeScaling scaling;
  float norm_eps = 1e-6f;
  bool is_causal = true;

  // Keys "A.attention.*" and "A.rope.*". `pairs` is what the architecture's GGUF files hold; a
  // directory says otherwise by its own key.
  static base::Result<GqaConfig> read(const ModelFile& file, RopePairs pairs);
};

struct GqaWeights {
  MatrixView q;  // (heads * head, width)
  MatrixView k;  // (kv_heads * head, width)
  MatrixView v;
  MatrixView output;                          // (width, heads * head)
  std::vector<float> q_bias, k_bias, v_bias;  // empty where there is none
  std::vector<float> output_bias;             // (width)
  std::vector<float> q_norm, k_norm;          // (head), applied to each head

  static base::Result<GqaWeights> read(const WeightReader& weights, const GqaConfig& config,
                                       std::int32_t layer);
};

class GqaAttention {
 public:
  GqaAttention() = default;
  GqaAttention(const GqaConfig& config, const Compute& compute, std::int32_t rows_max);

  // x (rows, width) += attention(what `activations` hold).
  void run(const GqaWeights& weights, std::int32_t kv_layer, Activations& activations,
           BatchRows& rows, KvStorage& kv, float* x);

 private:
  void position(const GqaWeights& weights, const BatchRows& rows);

  const Compute* compute_ = nullptr;
  GqaConfig config_;
  AttentionShape shape_;
  AttentionBuffers buffers_;
  FloatRows q_;  // (rows, heads * head)
  FloatRows k_;  // (rows, kv_heads * head)
  FloatRows v_;
  FloatRows values_;  // (rows, heads * head)
};

}  // namespace seine::engine
