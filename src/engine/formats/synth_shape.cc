#include "engine/formats/synth_shape.h"

#include <algorithm>
#include <array>

#include "engine/formats/synth_model.h"

namespace seine::engine {
namespace {

// Shapes from the models' published configurations.
constexpr std::array kShapes = {
    SynthShape{.name = "r1-qwen-1.5b",
               .architecture = "qwen2",
               .width = 1536,
               .layers = 28,
               .heads = 12,
               .kv_heads = 2,
               .head_width = 128,
               .hidden = 8960,
               .vocabulary = 151936,
               .context = 131072,
               .eps = 1e-6},
    SynthShape{.name = "v2-lite-32e",
               .architecture = "deepseek2",
               .width = 2048,
               .layers = 27,
               .heads = 16,
               .kv_heads = 1,
               .head_width = 192,
               .hidden = 10944,
               .vocabulary = 102400,
               .context = 163840,
               .eps = 1e-6,
               .latent = 512,
               .nope = 128,
               .rope = 64,
               .value = 128,
               .experts = 32,
               .experts_used = 6,
               .shared_experts = 2,
               .expert_hidden = 1408},
    SynthShape{.name = "tiny-qwen2",
               .architecture = "qwen2",
               .width = 256,
               .layers = 2,
               .heads = 4,
               .kv_heads = 2,
               .head_width = 64,
               .hidden = 512,
               .vocabulary = 1024,
               .context = 4096,
               .eps = 1e-6},
    SynthShape{.name = "tiny-deepseek2",
               .architecture = "deepseek2",
               .width = 256,
               .layers = 3,
               .heads = 4,
               .kv_heads = 1,
               .head_width = 96,
               .hidden = 512,
               .vocabulary = 1024,
               .context = 4096,
               .eps = 1e-6,
               .latent = 128,
               .nope = 64,
               .rope = 32,
               .value = 64,
               .experts = 8,
               .experts_used = 2,
               .shared_experts = 1,
               .expert_hidden = 256},
};

constexpr auto kNames = [] {
  std::array<std::string_view, kShapes.size()> names;
  std::ranges::transform(kShapes, names.begin(), &SynthShape::name);
  return names;
}();

constexpr std::uint32_t kBytes = 256;

// The printable stand-ins of GPT-2's byte-level vocabularies: a byte that prints is itself, the
// others follow from U+0100 on in order.
std::string byte_token(std::uint32_t byte) {
  const auto prints = [](std::uint32_t b) {
    return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  };
  std::uint32_t code = byte;
  if (!prints(byte)) {
    code = 256;
    for (std::uint32_t b = 0; b < byte; ++b) code += prints(b) ? 0 : 1;
  }
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

void add_tokenizer(const SynthShape& shape, Metadata& out) {
  constexpr std::int64_t kNormal = 1;
  constexpr std::int64_t kControl = 3;
  const std::string space = byte_token(' ');
  std::vector<std::string> tokens;
  std::vector<std::string> merges;
  for (std::uint32_t byte = 0; byte < kBytes; ++byte) tokens.push_back(byte_token(byte));
  // " a" ... " z", so that there is something to merge.
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    tokens.push_back(space + letter);
    merges.push_back(space + " " + letter);
  }
  const std::uint32_t end = shape.vocabulary - 1;
  while (tokens.size() < end) tokens.push_back(space + "w" + std::to_string(tokens.size()));
  tokens.emplace_back("<|end|>");
  std::vector<std::int64_t> types(shape.vocabulary, kNormal);
  types.back() = kControl;
  out.set("tokenizer.ggml.model", MetadataValue::of_string("gpt2"));
  out.set("tokenizer.ggml.pre",
          MetadataValue::of_string(shape.architecture == "qwen2" ? "qwen2" : "deepseek-llm"));
  out.set("tokenizer.ggml.tokens", MetadataValue::of_strings(std::move(tokens)));
  out.set("tokenizer.ggml.token_type", MetadataValue::of_i32s(std::move(types)));
  out.set("tokenizer.ggml.merges", MetadataValue::of_strings(std::move(merges)));
  out.set("tokenizer.ggml.bos_token_id", MetadataValue::of_u32(end));
  out.set("tokenizer.ggml.eos_token_id", MetadataValue::of_u32(end));
  out.set("tokenizer.ggml.add_bos_token", MetadataValue::of_bool(false));
  out.set("tokenizer.chat_template",
          MetadataValue::of_string("{% for message in messages %}{{ message['role'] }}: "
                                   "{{ message['content'] }}\n{% endfor %}"
                                   "{% if add_generation_prompt %}assistant:{% endif %}"));
}

}  // namespace

std::span<const std::string_view> synth_shapes() {
  return kNames;
}

const SynthShape* find_synth_shape(std::string_view name) {
  const auto found = std::ranges::find(kShapes, name, &SynthShape::name);
  return found == kShapes.end() ? nullptr : &*found;
}

std::vector<Tensor> synth_tensors(const SynthShape& s) {
  std::vector<Tensor> out;
  const auto add = [&](std::string name, std::vector<std::uint64_t> shape) {
    Tensor tensor;
    tensor.name = std::move(name);
    tensor.shape = std::move(shape);
    out.push_back(std::move(tensor));
  };
  const auto feed_forward = [&](const std::string& at, const std::string& suffix,
                                std::uint64_t hidden) {
    add(at + "ffn_gate" + suffix + ".weight", {hidden, s.width});
    add(at + "ffn_up" + suffix + ".weight", {hidden, s.width});
    add(at + "ffn_down" + suffix + ".weight", {s.width, hidden});
  };
  add("token_embd.weight", {s.vocabulary, s.width});
  for (std::uint32_t layer = 0; layer < s.layers; ++layer) {
    const std::string at = "blk." + std::to_string(layer) + ".";
    add(at + "attn_norm.weight", {s.width});
    if (s.latent == 0) {
      const std::uint64_t kv = std::uint64_t{s.kv_heads} * s.head_width;
      const std::uint64_t q = std::uint64_t{s.heads} * s.head_width;
      add(at + "attn_q.weight", {q, s.width});
      add(at + "attn_q.bias", {q});
      add(at + "attn_k.weight", {kv, s.width});
      add(at + "attn_k.bias", {kv});
      add(at + "attn_v.weight", {kv, s.width});
      add(at + "attn_v.bias", {kv});
      add(at + "attn_output.weight", {s.width, q});
    } else {
      add(at + "attn_q.weight", {std::uint64_t{s.heads} * (s.nope + s.rope), s.width});
      add(at + "attn_kv_a_mqa.weight", {s.latent + s.rope, s.width});
      add(at + "attn_kv_a_norm.weight", {s.latent});
      add(at + "attn_k_b.weight", {s.heads, s.latent, s.nope});
      add(at + "attn_v_b.weight", {s.heads, s.value, s.latent});
      add(at + "attn_output.weight", {s.width, std::uint64_t{s.heads} * s.value});
    }
    add(at + "ffn_norm.weight", {s.width});
    if (s.experts == 0 || layer == 0) {
      feed_forward(at, "", s.hidden);
      continue;
    }
    add(at + "ffn_gate_inp.weight", {s.experts, s.width});
    add(at + "ffn_gate_exps.weight", {s.experts, s.expert_hidden, s.width});
    add(at + "ffn_up_exps.weight", {s.experts, s.expert_hidden, s.width});
    add(at + "ffn_down_exps.weight", {s.experts, s.width, s.expert_hidden});
    feed_forward(at, "_shexp", std::uint64_t{s.shared_experts} * s.expert_hidden);
  }
  add("output_norm.weight", {s.width});
  add("output.weight", {s.vocabulary, s.width});
  return out;
}

Metadata synth_metadata(const SynthShape& s) {
  Metadata out;
  const auto key = [&](std::string_view name) {
    return std::string(s.architecture) + "." + std::string(name);
  };
  const auto number = [&](std::string_view name, std::uint32_t value) {
    out.set(key(name), MetadataValue::of_u32(value));
  };
  out.set("general.architecture", MetadataValue::of_string(s.architecture));
  out.set("general.name", MetadataValue::of_string(std::string(s.name) + " (random weights)"));
  number("block_count", s.layers);
  number("context_length", s.context);
  number("embedding_length", s.width);
  number("feed_forward_length", s.hidden);
  number("vocab_size", s.vocabulary);
  number("attention.head_count", s.heads);
  number("attention.head_count_kv", s.kv_heads);
  out.set(key("attention.layer_norm_rms_epsilon"), MetadataValue::of_f32(s.eps));
  out.set(key("rope.freq_base"), MetadataValue::of_f32(1e4));
  if (s.latent > 0) {
    number("rope.dimension_count", s.rope);
    number("attention.kv_lora_rank", s.latent);
    number("attention.key_length", s.latent + s.rope);
    number("attention.value_length", s.latent);
    number("attention.key_length_mla", s.nope + s.rope);
    number("attention.value_length_mla", s.value);
    number("leading_dense_block_count", 1);
    number("expert_count", s.experts);
    number("expert_used_count", s.experts_used);
    number("expert_shared_count", s.shared_experts);
    number("expert_feed_forward_length", s.expert_hidden);
    number("expert_gating_func", 1);
    out.set(key("expert_weights_scale"), MetadataValue::of_f32(1));
    out.set(key("expert_weights_norm"), MetadataValue::of_bool(false));
    out.set(key("rope.scaling.type"), MetadataValue::of_string("yarn"));
    out.set(key("rope.scaling.factor"), MetadataValue::of_f32(40));
    number("rope.scaling.original_context_length", s.context / 40);
    out.set(key("rope.scaling.yarn_log_multiplier"), MetadataValue::of_f32(0.0707));
  }
  add_tokenizer(s, out);
  return out;
}

}  // namespace seine::engine
