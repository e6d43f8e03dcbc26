// Metadata, tensors and tokenizer of the models that synth_model() writes. Plain functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/metadata.h"
#include "engine/formats/tensor.h"

namespace seine::engine {

struct SynthShape {
  std::string_view name;
  std::string_view architecture;  // "qwen2" or "deepseek2"
  std::uint32_t width, layers, heads, kv_heads, head_width;
  std::uint32_t hidden, vocabulary, context;
  double eps;
  // deepseek2 only.
  std::uint32_t latent = 0, nope = 0, rope = 0, value = 0;
  std::uint32_t experts = 0, experts_used = 0, shared_experts = 0, expert_hidden = 0;
};

const SynthShape* find_synth_shape(std::string_view name);

// Without data: name and shape only.
std::vector<Tensor> synth_tensors(const SynthShape& shape);

// Everything but the file type: hyper-parameters, a byte-level tokenizer whose further tokens spell
// " w300", " w301", ... and a plain chat template.
Metadata synth_metadata(const SynthShape& shape);

}  // namespace seine::engine
