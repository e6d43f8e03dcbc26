// The Hugging Face vocabulary in GGUF's words: tensor names, and config.json as metadata keys, so
// that a model file reads one set of names whatever it was stored in. Tables and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"
#include "engine/formats/metadata.h"

namespace seine::engine {

struct CanonicalName {
  std::string name;          // "blk.3.ffn_gate_exps.weight"
  std::int64_t expert = -1;  // which matrix of the stack this is, -1 for the whole tensor
  bool is_f8_scale = false;  // the scales of that tensor, not the tensor
};

// Nothing for names outside the vocabulary ("rotary_emb.inv_freq").
std::optional<CanonicalName> canonical_tensor_name(std::string_view hf_name);

// GGUF's general.architecture for a model_type of config.json; nothing if unknown.
std::optional<std::string_view> gguf_architecture(std::string_view model_type);

// config.json as metadata. Differences from a converted GGUF file, told by keys of our own:
//   seine.rope.half_split  true: rotary pairs are (i, i + d/2) in the stored row order
//   seine.rope.yarn_mscale, seine.rope.yarn_mscale_all_dim  the pair as written
// MLA weights keep attn_kv_b whole, so the old key and value lengths (192, 128) are given.
// A.block_count counts the MTP layers (A.nextn_predict_layers of them, the last ones).
base::Result<Metadata> metadata_from_config(const base::Json& config);

}  // namespace seine::engine
