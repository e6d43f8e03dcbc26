#include "engine/formats/hf_names.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace seine::engine {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::array kGlobal = {
    Pair{"embed_tokens", "token_embd"},
    Pair{"norm", "output_norm"},
    Pair{"lm_head", "output"},
    Pair{"embeddings.word_embeddings", "token_embd"},
    Pair{"embeddings.position_embeddings", "position_embd"},
    Pair{"embeddings.token_type_embeddings", "token_types"},
    Pair{"embeddings.LayerNorm", "token_embd_norm"},
};

constexpr std::array kLayer = {
    Pair{"input_layernorm", "attn_norm"},
    Pair{"post_attention_layernorm", "ffn_norm"},
    Pair{"self_attn.q_proj", "attn_q"},
    Pair{"self_attn.k_proj", "attn_k"},
    Pair{"self_attn.v_proj", "attn_v"},
    Pair{"self_attn.o_proj", "attn_output"},
    Pair{"self_attn.q_norm", "attn_q_norm"},
    Pair{"self_attn.k_norm", "attn_k_norm"},
    Pair{"self_attn.q_a_proj", "attn_q_a"},
    Pair{"self_attn.q_a_layernorm", "attn_q_a_norm"},
    Pair{"self_attn.q_b_proj", "attn_q_b"},
    Pair{"self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa"},
    Pair{"self_attn.kv_a_layernorm", "attn_kv_a_norm"},
    Pair{"self_attn.kv_b_proj", "attn_kv_b"},
    Pair{"self_attn.indexer.wq_b", "indexer.attn_q_b"},
    Pair{"self_attn.indexer.wk", "indexer.attn_k"},
    Pair{"self_attn.indexer.k_norm", "indexer.k_norm"},
    Pair{"self_attn.indexer.weights_proj", "indexer.proj"},
    Pair{"mlp.gate_proj", "ffn_gate"},
    Pair{"mlp.up_proj", "ffn_up"},
    Pair{"mlp.down_proj", "ffn_down"},
    Pair{"mlp.gate", "ffn_gate_inp"},
    Pair{"mlp.shared_experts.gate_proj", "ffn_gate_shexp"},
    Pair{"mlp.shared_experts.up_proj", "ffn_up_shexp"},
    Pair{"mlp.shared_experts.down_proj", "ffn_down_shexp"},
    Pair{"eh_proj", "nextn.eh_proj"},
    Pair{"enorm", "nextn.enorm"},
    Pair{"hnorm", "nextn.hnorm"},
    Pair{"embed_tokens", "nextn.embed_tokens"},
    Pair{"shared_head.norm", "nextn.shared_head_norm"},
    Pair{"shared_head.head", "nextn.shared_head_head"},
    Pair{"attention.self.query", "attn_q"},
    Pair{"attention.self.key", "attn_k"},
    Pair{"attention.self.value", "attn_v"},
    Pair{"attention.output.dense", "attn_output"},
    Pair{"attention.output.LayerNorm", "attn_output_norm"},
    Pair{"intermediate.dense", "ffn_up"},
    Pair{"output.dense", "ffn_down"},
    Pair{"output.LayerNorm", "layer_output_norm"},
};

constexpr std::array kExpert = {
    Pair{"gate_proj", "ffn_gate_exps"},
    Pair{"up_proj", "ffn_up_exps"},
    Pair{"down_proj", "ffn_down_exps"},
};

// Stacked experts, as newer checkpoints store them: no ".weight" at the end.
constexpr std::array kStacked = {
    Pair{"mlp.experts.gate_up_proj", "ffn_gate_up_exps"},
    Pair{"mlp.experts.down_proj", "ffn_down_exps"},
};

template <std::size_t kCount>
std::optional<std::string_view> look_up(const std::array<Pair, kCount>& table,
                                        std::string_view name) {
  for (const auto& [from, to] : table) {
    if (from == name) return to;
  }
  return std::nullopt;
}

bool strip_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "12.rest" -> 12 and "rest".
std::optional<std::uint64_t> take_number(std::string_view& text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot > 6) return std::nullopt;
  const std::optional<std::uint64_t> number = base::parse_u64(text.substr(0, dot));
  if (number) text.remove_prefix(dot + 1);
  return number;
}

std::optional<CanonicalName> layer_name(std::string_view rest, std::string_view ending,
                                        const std::string& prefix) {
  std::string_view expert_part = rest;
  if (strip_prefix(expert_part, "mlp.experts.")) {
    if (const std::optional<std::uint64_t> expert = take_number(expert_part)) {
      const auto found = look_up(kExpert, expert_part);
      if (!found) return std::nullopt;
      return CanonicalName{prefix + std::string(*found) + std::string(ending),
                           static_cast<std::int64_t>(*expert)};
    }
  }
  const auto found = look_up(kLayer, rest);
  if (!found) return std::nullopt;
  return CanonicalName{prefix + std::string(*found) + std::string(ending)};
}

}  // namespace

std::optional<CanonicalName> canonical_tensor_name(std::string_view name) {
  for (const std::string_view prefix : {"model.", "bert.", "roberta."}) strip_prefix(name, prefix);
  std::string layer_prefix;
  for (const std::string_view prefix : {"layers.", "encoder.layer."}) {
    if (!strip_prefix(name, prefix)) continue;
    const std::optional<std::uint64_t> layer = take_number(name);
    if (!layer) return std::nullopt;
    layer_prefix = "blk." + std::to_string(*layer) + ".";
    break;
  }
  if (!layer_prefix.empty()) {
    if (name == "mlp.gate.e_score_correction_bias") {
      return CanonicalName{layer_prefix + "exp_probs_b.bias"};
    }
    if (const auto stacked = look_up(kStacked, name)) {
      return CanonicalName{layer_prefix + std::string(*stacked) + ".weight"};
    }
  }
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view stem = name.substr(0, dot);
  std::string_view ending = name.substr(dot);
  const bool is_scale = ending == ".weight_scale_inv";
  if (is_scale) ending = ".weight";
  if (ending != ".weight" && ending != ".bias") return std::nullopt;
  std::optional<CanonicalName> found;
  if (!layer_prefix.empty()) {
    found = layer_name(stem, ending, layer_prefix);
  } else if (const auto global = look_up(kGlobal, stem)) {
    found = CanonicalName{std::string(*global) + std::string(ending)};
  }
  if (found) found->is_f8_scale = is_scale;
  return found;
}

}  // namespace seine::engine
