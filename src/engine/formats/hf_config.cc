#include <array>
#include <cmath>

#include "base/json.h"
#include "engine/formats/hf_names.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Json;

struct Architecture {
  std::string_view model_type;
  std::string_view gguf;
};
constexpr std::array kArchitectures = {
    Architecture{"llama", "llama"},
    Architecture{"mistral", "llama"},
    Architecture{"qwen2", "qwen2"},
    Architecture{"qwen3", "qwen3"},
    Architecture{"deepseek_v2", "deepseek2"},
    Architecture{"deepseek_v3", "deepseek2"},
    Architecture{"deepseek_v32", "deepseek32"},
    Architecture{"bert", "bert"},
};

// Writes keys of one architecture.
class Mapper {
 public:
  Mapper(const Json& config, std::string_view architecture)
      : config_(config), prefix_(std::string(architecture) + ".") {
    out_.set("general.architecture", MetadataValue::of_string(architecture));
  }

  Metadata take() { return std::move(out_); }
  void put(std::string_view key, MetadataValue value) {
    out_.set(prefix_ + std::string(key), std::move(value));
  }
  void put_global(std::string_view key, MetadataValue value) { out_.set(key, std::move(value)); }

  base::Result<std::optional<std::uint64_t>> integer(std::string_view from) const {
    return base::get<std::uint64_t>(config_, from);
  }
  // Copies an integer if it is there; absence of a required one is an error.
  base::Result<> copy(std::string_view from, std::string_view to, bool required = false) {
    const auto value = SEINE_TRY(base::get<std::uint32_t>(config_, from));
    if (value) put(to, MetadataValue::of_u32(*value));
    if (!value && required) {
      return base::fail_field(Code::kInvalidArgument, from, "config.json has no '{}'", from);
    }
    return {};
  }
  base::Result<> copy_float(std::string_view from, std::string_view to) {
    const auto value = SEINE_TRY(base::get<double>(config_, from));
    if (value) put(to, MetadataValue::of_f32(*value));
    return {};
  }

 private:
  const Json& config_;
  std::string prefix_;
  Metadata out_;
};

base::Result<> map_rope(const Json& config, Mapper& out) {
  // transformers 5 moved theta and scaling into rope_parameters.
  const Json* scaling = base::find(config, "rope_scaling");
  const Json* parameters = base::find(config, "rope_parameters");
  double theta = SEINE_TRY(base::get_or<double>(config, "rope_theta", 10000.0));
  if (parameters != nullptr) {
    theta = SEINE_TRY(base::get_or<double>(*parameters, "rope_theta", theta));
    if (scaling == nullptr) scaling = parameters;
  }
  out.put("rope.freq_base", MetadataValue::of_f32(theta));
  if (scaling == nullptr) return {};
  std::string type = SEINE_TRY(base::get_or<std::string>(*scaling, "type", ""));
  type = SEINE_TRY(base::get_or<std::string>(*scaling, "rope_type", type));
  if (type.empty() || type == "default") return {};
  if (type != "yarn" && type != "linear" && type != "llama3") {
    return base::fail_field(Code::kUnimplemented, "rope_scaling",
                            "RoPE scaling '{}' is not supported (yarn, linear and llama3 are)",
                            type);
  }
  out.put("rope.scaling.type", MetadataValue::of_string(type));
  const auto copy = [&](std::string_view from, std::string_view to,
                        std::optional<double> otherwise) -> base::Result<> {
    const auto value = SEINE_TRY(base::get<double>(*scaling, from));
    if (value || otherwise)
      out.put(to, MetadataValue::of_f32(value.value_or(otherwise.value_or(0))));
    return {};
  };
  SEINE_CHECK(copy("factor", "rope.scaling.factor", 1.0));
  const auto original =
      SEINE_TRY(base::get<std::uint32_t>(*scaling, "original_max_position_embeddings"));
  const auto context = SEINE_TRY(base::get<std::uint32_t>(config, "max_position_embeddings"));
  if (original || context) {
    out.put("rope.scaling.original_context_length",
            MetadataValue::of_u32(original ? *original : *context));
  }
  if (type == "yarn") {
    SEINE_CHECK(copy("beta_fast", "rope.scaling.yarn_beta_fast", 32.0));
    SEINE_CHECK(copy("beta_slow", "rope.scaling.yarn_beta_slow", 1.0));
    const auto mscale = SEINE_TRY(base::get<double>(*scaling, "mscale"));
    const auto all_dim = SEINE_TRY(base::get<double>(*scaling, "mscale_all_dim"));
    if (mscale) out.put_global("seine.rope.yarn_mscale", MetadataValue::of_f32(*mscale));
    if (all_dim) {
      out.put_global("seine.rope.yarn_mscale_all_dim", MetadataValue::of_f32(*all_dim));
      out.put("rope.scaling.yarn_log_multiplier", MetadataValue::of_f32(0.1 * *all_dim));
    }
  }
  if (type == "llama3") {
    SEINE_CHECK(copy("low_freq_factor", "rope.scaling.low_freq_factor", 1.0));
    SEINE_CHECK(copy("high_freq_factor", "rope.scaling.high_freq_factor", 4.0));
  }
  return {};
}

base::Result<> map_experts(const Json& config, std::string_view model_type, Mapper& out) {
  const std::uint64_t frequency =
      SEINE_TRY(base::get_or<std::uint64_t>(config, "moe_layer_freq", 1));
  if (frequency != 1) {
    return base::fail_field(Code::kUnimplemented, "moe_layer_freq",
                            "moe_layer_freq {} is not supported, only 1", frequency);
  }
  SEINE_CHECK(out.copy("first_k_dense_replace", "leading_dense_block_count"));
  SEINE_CHECK(out.copy("n_routed_experts", "expert_count"));
  SEINE_CHECK(out.copy("num_experts_per_tok", "expert_used_count"));
  SEINE_CHECK(out.copy("n_shared_experts", "expert_shared_count"));
  SEINE_CHECK(out.copy("moe_intermediate_size", "expert_feed_forward_length"));
  SEINE_CHECK(out.copy_float("routed_scaling_factor", "expert_weights_scale"));
  const bool v2 = model_type == "deepseek_v2";
  const bool normalise = SEINE_TRY(base::get_or<bool>(config, "norm_topk_prob", !v2));
  out.put("expert_weights_norm", MetadataValue::of_bool(normalise));
  const std::string scoring =
      SEINE_TRY(base::get_or<std::string>(config, "scoring_func", v2 ? "softmax" : "sigmoid"));
  if (scoring != "softmax" && scoring != "sigmoid") {
    return base::fail_field(Code::kUnimplemented, "scoring_func",
                            "scoring_func '{}' is not supported", scoring);
  }
  out.put("expert_gating_func", MetadataValue::of_u32(scoring == "softmax" ? 1 : 2));
  const std::string method =
      SEINE_TRY(base::get_or<std::string>(config, "topk_method", v2 ? "greedy" : "noaux_tc"));
  if (method != "greedy") {
    SEINE_CHECK(out.copy("n_group", "expert_group_count"));
    SEINE_CHECK(out.copy("topk_group", "expert_group_used_count"));
  }
  return {};
}

base::Result<> map_mla(const Json& config, std::uint64_t heads, Mapper& out) {
  const auto size = [&config](std::string_view key) {
    return base::require<std::uint32_t>(config, key);
  };
  const std::uint32_t nope = SEINE_TRY(size("qk_nope_head_dim"));
  const std::uint32_t rope = SEINE_TRY(size("qk_rope_head_dim"));
  const std::uint32_t value = SEINE_TRY(size("v_head_dim"));
  SEINE_CHECK(out.copy("kv_lora_rank", "attention.kv_lora_rank", true));
  SEINE_CHECK(out.copy("q_lora_rank", "attention.q_lora_rank"));
  out.put("attention.head_count_kv", MetadataValue::of_u32(static_cast<std::uint32_t>(heads)));
  out.put("attention.key_length", MetadataValue::of_u32(nope + rope));
  out.put("attention.value_length", MetadataValue::of_u32(value));
  out.put("rope.dimension_count", MetadataValue::of_u32(rope));
  SEINE_CHECK(out.copy("index_n_heads", "attention.indexer.head_count"));
  SEINE_CHECK(out.copy("index_head_dim", "attention.indexer.key_length"));
  SEINE_CHECK(out.copy("index_topk", "attention.indexer.top_k"));
  const bool interleaved = SEINE_TRY(base::get_or<bool>(config, "rope_interleave", true));
  out.put_global("seine.rope.half_split", MetadataValue::of_bool(!interleaved));
  return {};
}

}  // namespace

std::optional<std::string_view> gguf_architecture(std::string_view model_type) {
  for (const Architecture& known : kArchitectures) {
    if (known.model_type == model_type) return known.gguf;
  }
  return std::nullopt;
}

base::Result<Metadata> metadata_from_config(const Json& config) {
  const std::string type = SEINE_TRY(base::require<std::string>(config, "model_type"));
  const std::optional<std::string_view> architecture = gguf_architecture(type);
  if (!architecture) {
    return base::fail_field(Code::kUnimplemented, "model_type", "model type '{}' is not supported",
                            type);
  }
  Mapper out(config, *architecture);
  const std::uint64_t layers = SEINE_TRY(base::require<std::uint32_t>(config, "num_hidden_layers"));
  const std::uint64_t extra =
      SEINE_TRY(base::get_or<std::uint32_t>(config, "num_nextn_predict_layers", 0));
  out.put("block_count", MetadataValue::of_u32(static_cast<std::uint32_t>(layers + extra)));
  if (extra > 0) {
    out.put("nextn_predict_layers", MetadataValue::of_u32(static_cast<std::uint32_t>(extra)));
  }
  SEINE_CHECK(out.copy("max_position_embeddings", "context_length", true));
  SEINE_CHECK(out.copy("hidden_size", "embedding_length", true));
  SEINE_CHECK(out.copy("intermediate_size", "feed_forward_length", true));
  SEINE_CHECK(out.copy("vocab_size", "vocab_size", true));
  const std::uint64_t heads =
      SEINE_TRY(base::require<std::uint32_t>(config, "num_attention_heads"));
  if (heads == 0) {
    return base::fail_field(Code::kInvalidArgument, "num_attention_heads", "no attention heads");
  }
  out.put("attention.head_count", MetadataValue::of_u32(static_cast<std::uint32_t>(heads)));
  SEINE_CHECK(out.copy_float("rms_norm_eps", "attention.layer_norm_rms_epsilon"));
  SEINE_CHECK(out.copy_float("layer_norm_eps", "attention.layer_norm_epsilon"));
  if (base::find(config, "kv_lora_rank") != nullptr) {
    SEINE_CHECK(map_mla(config, heads, out));
  } else {
    const std::uint32_t hidden = SEINE_TRY(base::require<std::uint32_t>(config, "hidden_size"));
    const std::uint32_t head = SEINE_TRY(base::get_or<std::uint32_t>(
        config, "head_dim", static_cast<std::uint32_t>(hidden / heads)));
    const std::uint32_t kv_heads = SEINE_TRY(base::get_or<std::uint32_t>(
        config, "num_key_value_heads", static_cast<std::uint32_t>(heads)));
    out.put("attention.head_count_kv", MetadataValue::of_u32(kv_heads));
    out.put("attention.key_length", MetadataValue::of_u32(head));
    out.put("attention.value_length", MetadataValue::of_u32(head));
    out.put("rope.dimension_count", MetadataValue::of_u32(head));
    out.put_global("seine.rope.half_split", MetadataValue::of_bool(true));
  }
  if (base::find(config, "n_routed_experts") != nullptr) {
    SEINE_CHECK(map_experts(config, type, out));
  }
  if (*architecture != "bert") SEINE_CHECK(map_rope(config, out));
  return out.take();
}

}  // namespace seine::engine
