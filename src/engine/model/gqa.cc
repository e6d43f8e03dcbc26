#include "engine/model/gqa.h"

#include <cmath>

namespace seine::engine {

using base::Code;

base::Result<GqaConfig> GqaConfig::read(const ModelFile& file, RopePairs pairs) {
  const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
  GqaConfig c;
  c.width = SEINE_TRY(sizes.size("embedding_length"));
  c.heads = SEINE_TRY(sizes.size("attention.head_count"));
  c.kv_heads = SEINE_TRY(sizes.size_or("attention.head_count_kv", c.heads));
  c.head = SEINE_TRY(sizes.size_or("attention.key_length", c.width / c.heads));
  const std::int32_t value = SEINE_TRY(sizes.size_or("attention.value_length", c.head));
  if (c.heads > 1024 || c.kv_heads < 1 || c.heads % c.kv_heads != 0 || c.head < 1 ||
      c.head > 1 << 12 || value != c.head) {
    return base::fail_field(Code::kInvalidArgument, sizes.full("attention.head_count"),
                            "{} heads of {} over {} key heads with values of {} are no shape of "
                            "grouped attention",
                            c.heads, c.head, c.kv_heads, value);
  }
  c.rope = SEINE_TRY(sizes.size_or("rope.dimension_count", c.head));
  if (c.rope > c.head) {
    return std::unexpected(sizes.wrong("rope.dimension_count", "is more than a head holds"));
  }
  const bool half_split = SEINE_TRY(
      file.metadata().get_or<bool>("seine.rope.half_split", pairs == RopePairs::kHalfSplit));
  c.pairs = half_split ? RopePairs::kHalfSplit : RopePairs::kInterleaved;
  c.scaling = SEINE_TRY(read_rope_scaling(file));
  c.norm_eps =
      static_cast<float>(SEINE_TRY(sizes.number_or("attention.layer_norm_rms_epsilon", 1e-6)));
  return c;
}

base::Result<GqaWeights> GqaWeights::read(const WeightReader& weights, const GqaConfig& c,
                                          std::int32_t layer) {
  const auto name = [layer](std::string_view rest) { return layer_tensor(layer, rest); };
  const std::int64_t q_rows = std::int64_t{c.heads} * c.head;
  const std::int64_t kv_rows = std::int64_t{c.kv_heads} * c.head;
  GqaWeights out;
  out.q = SEINE_TRY(weights.matrix(name("attn_q.weight"), q_rows, c.width));
  out.k = SEINE_TRY(weights.matrix(name("attn_k.weight"), kv_rows, c.width));
  out.v = SEINE_TRY(weights.matrix(name("attn_v.weight"), kv_rows, c.width));
  out.output = SEINE_TRY(weights.matrix(name("attn_output.weight"), c.width, q_rows));
  out.q_bias = SEINE_TRY(weights.optional_vector(name("attn_q.bias"), q_rows));
  out.k_bias = SEINE_TRY(weights.optional_vector(name("attn_k.bias"), kv_rows));
  out.v_bias = SEINE_TRY(weights.optional_vector(name("attn_v.bias"), kv_rows));
  out.output_bias = SEINE_TRY(weights.optional_vector(name("attn_output.bias"), c.width));
  out.q_norm = SEINE_TRY(weights.optional_vector(name("attn_q_norm.weight"), c.head));
  out.k_norm = SEINE_TRY(weights.optional_vector(name("attn_k_norm.weight"), c.head));
  return out;
}

GqaAttention::GqaAttention(const GqaConfig& config, const Compute& compute, std::int32_t rows_max)
    : compute_(&compute),
      config_(config),
      shape_{.heads = config.heads,
             .kv_heads = config.kv_heads,
             .key_width = config.head,
             .value_width = config.head,
             .scale = 1.0f / std::sqrt(static_cast<float>(config.head)),
             .is_latent = false,
             .is_causal = config.is_causal},
      buffers_(shape_, compute),
      q_(rows_max, std::int64_t{config.heads} * config.head),
      k_(rows_max, std::int64_t{config.kv_heads} * config.head),
      v_(rows_max, std::int64_t{config.kv_heads} * config.head),
      values_(rows_max, std::int64_t{config.heads} * config.head) {}

// Head norms, then rotation.
void GqaAttention::position(const GqaWeights& w, const BatchRows& rows) {
  const GqaConfig& c = config_;
  const auto turn = [&](float* head, const std::vector<float>& norm, const float* angles) {
    if (!norm.empty()) {
      compute_->vector().rmsnorm(head, norm.data(), c.head, c.norm_eps, head);
    }
    if (c.rope > 0) rotate(head, angles, c.rope, c.pairs);
  };
  compute_->pool().split(rows.size(), 4, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t r = first; r < last; ++r) {
      const float* angles = c.rope > 0 ? rows.angles(static_cast<std::int32_t>(r)) : nullptr;
      for (std::int64_t h = 0; h < c.heads; ++h) {
        turn(q_.data() + (r * c.heads + h) * c.head, w.q_norm, angles);
      }
      for (std::int64_t h = 0; h < c.kv_heads; ++h) {
        turn(k_.data() + (r * c.kv_heads + h) * c.head, w.k_norm, angles);
      }
    }
  });
}

void GqaAttention::run(const GqaWeights& w, std::int32_t kv_layer, Activations& activations,
                       BatchRows& rows, KvStorage& kv, float* x) {
  const GqaConfig& c = config_;
  const std::int64_t n = rows.size();
  const std::int64_t q_width = std::int64_t{c.heads} * c.head;
  const std::int64_t kv_width = std::int64_t{c.kv_heads} * c.head;
  const Product products[] = {{.weight = &w.q, .y = q_.data(), .stride = q_width},
                              {.weight = &w.k, .y = k_.data(), .stride = kv_width},
                              {.weight = &w.v, .y = v_.data(), .stride = kv_width}};
  compute_->multiply(activations, products);
  compute_->add_bias(q_.data(), w.q_bias, n);
  compute_->add_bias(k_.data(), w.k_bias, n);
  compute_->add_bias(v_.data(), w.v_bias, n);
  if (c.rope > 0 || !w.q_norm.empty()) position(w, rows);
  store_rows(*compute_, kv, kv_layer, 0, rows, k_.data(), kv_width);
  store_rows(*compute_, kv, kv_layer, 1, rows, v_.data(), kv_width);
  attend(*compute_, shape_, kv, kv_layer, rows, rows.size(), q_.data(), values_.data(), buffers_);
  activations.set(values_.data(), q_width, rows.counts(), q_width);
  compute_->multiply(activations, w.output, x, true);
  compute_->add_bias(x, w.output_bias, n);
}

}  // namespace seine::engine
