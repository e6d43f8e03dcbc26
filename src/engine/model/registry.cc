#include "engine/model/registry.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>

#include "base/text.h"
#include "engine/model/bert.h"
#include "engine/model/deepseek.h"
#include "engine/model/gqa.h"
#include "engine/model/llama.h"
#include "engine/model/weights.h"

namespace seine::engine {
namespace {

using base::Code;

struct Architecture {
  std::string_view name;
  base::Result<std::unique_ptr<Model>> (*load)(const ModelSource&);
};

// A new architecture is a file of its own and a line here.
constexpr std::array kArchitectures = {
    Architecture{"deepseek2", load_deepseek},
    Architecture{"deepseek32", load_deepseek},
    Architecture{"llama", load_llama},
    Architecture{"qwen2", load_qwen},
    Architecture{"qwen3", load_qwen},
    Architecture{"bert", load_bert},
    Architecture{"seine-embed", load_seine_embed},
};

base::Result<const Architecture*> find_architecture(const ModelFile& file) {
  const auto name = SEINE_TRY(file.metadata().require<std::string_view>("general.architecture"));
  std::string known;
  for (const Architecture& each : kArchitectures) {
    if (each.name == name) return &each;
    known += (known.empty() ? "" : ", ") + std::string(each.name);
  }
  return base::fail_field(Code::kUnimplemented, "general.architecture",
                          "models of architecture '{}' are not supported (these are: {})", name,
                          known);
}

// MemAvailable of /proc/meminfo: what can be had without swapping. 0 when it cannot be read.
std::uint64_t memory_available() {
  std::FILE* file = std::fopen("/proc/meminfo", "re");
  if (file == nullptr) return 0;
  char line[256];
  std::uint64_t bytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    const std::string_view text(line);
    constexpr std::string_view kKey = "MemAvailable:";
    if (!text.starts_with(kKey)) continue;
    const std::size_t first = text.find_first_not_of(' ', kKey.size());
    const std::size_t last = text.find_first_not_of("0123456789", first);
    bytes = base::parse_u64(text.substr(first, last - first)).value_or(0) * 1024;
    break;
  }
  (void)std::fclose(file);
  return bytes;
}

base::Result<> check_settings(const ModelSettings& settings) {
  if (settings.batch_rows < 1 || settings.batch_rows > 1 << 16) {
    return base::fail_field(Code::kInvalidArgument, "batch_rows",
                            "batches of {} rows: the number must be within 1 to 65536",
                            settings.batch_rows);
  }
  if (settings.logit_rows < 1 || settings.logit_rows > settings.batch_rows) {
    return base::fail_field(Code::kInvalidArgument, "logit_rows",
                            "{} rows with logits in batches of {}", settings.logit_rows,
                            settings.batch_rows);
  }
  if (settings.context < 0 || settings.kv_tokens < 0) {
    return base::fail_field(Code::kInvalidArgument, "context", "a context of {} and a cache of {}",
                            settings.context, settings.kv_tokens);
  }
  return {};
}

// Floats that one row of a batch occupies, after the shapes of the parts (attention, MLP, experts).
base::Result<std::uint64_t> row_floats(const SizeReader& sizes) {
  const auto at = [&](std::string_view key, std::int32_t otherwise) -> base::Result<std::uint64_t> {
    return static_cast<std::uint64_t>(SEINE_TRY(sizes.size_or(key, otherwise)));
  };
  const std::uint64_t width = SEINE_TRY(at("embedding_length", 0));
  const std::uint64_t heads = SEINE_TRY(at("attention.head_count", 0));
  const std::uint64_t kv_heads = SEINE_TRY(at("attention.head_count_kv", 0));
  const std::uint64_t key = SEINE_TRY(at("attention.key_length", 0));
  const std::uint64_t value = SEINE_TRY(at("attention.value_length", 0));
  const std::uint64_t latent = SEINE_TRY(at("attention.kv_lora_rank", 0));
  const std::uint64_t q_rank = SEINE_TRY(at("attention.q_lora_rank", 0));
  const std::uint64_t rope = SEINE_TRY(at("rope.dimension_count", 0));
  const std::uint64_t hidden = SEINE_TRY(at("feed_forward_length", 0));
  const std::uint64_t used = SEINE_TRY(at("expert_used_count", 0));
  const std::uint64_t expert = SEINE_TRY(at("expert_feed_forward_length", 0));
  std::uint64_t floats = 4 * width + 2 * hidden + used * (2 * width + 2 * expert);
  floats += heads * (key + value) + kv_heads * (key + value);
  if (latent > 0) floats += q_rank + (heads + 1) * (latent + rope) + heads * latent;
  return floats;
}

}  // namespace

std::vector<std::string_view> known_architectures() {
  std::vector<std::string_view> out;
  for (const Architecture& each : kArchitectures) out.push_back(each.name);
  return out;
}

base::Result<MemoryEstimate> estimate_memory(const ModelFile& file, const ModelSettings& settings) {
  (void)SEINE_TRY(find_architecture(file));
  SEINE_CHECK(check_settings(settings));
  const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
  MemoryEstimate out;
  out.weights = file.tensor_bytes();
  for (const Tensor& tensor : file.tensors()) {
    const bool is_table = tensor.shape.size() == 1 ||
                          tensor.name.find("ffn_gate_inp") != std::string::npos ||
                          tensor.name.find("attn_kv_b") != std::string::npos;
    if (is_table) out.converted += tensor.elements() * sizeof(float);
  }
  const std::uint64_t floats = SEINE_TRY(row_floats(sizes));
  const std::uint64_t vocabulary = SEINE_TRY(file.require("token_embd.weight"))->rows();
  out.workspace = sizeof(float) * (floats * static_cast<std::uint64_t>(settings.batch_rows) +
                                   vocabulary * static_cast<std::uint64_t>(settings.logit_rows));
  const auto at = [&](std::string_view key) { return sizes.size_or(key, 0); };
  const std::int32_t layers = SEINE_TRY(at("block_count"));
  const std::int32_t latent = SEINE_TRY(at("attention.kv_lora_rank"));
  KvLayout layout;
  if (latent > 0) {
    const std::int32_t rope = SEINE_TRY(at("rope.dimension_count"));
    const std::int32_t index = SEINE_TRY(at("attention.indexer.key_length"));
    layout = SEINE_TRY(mla_layout(settings.kv_type, layers, latent, rope, index));
  } else {
    // Encoders keep nothing between calls, and any width goes into the type of the estimate.
    const GqaConfig gqa = SEINE_TRY(GqaConfig::read(file, RopePairs::kInterleaved));
    layout = SEINE_TRY(gqa_layout(settings.kv_type, layers, gqa.kv_heads, gqa.head, gqa.head));
  }
  out.kv_token = layout.token_bytes();
  out.kv_cache =
      static_cast<std::uint64_t>(layout.blocks_for(settings.kv_tokens)) * layout.block_bytes();
  return out;
}

base::Result<std::unique_ptr<Model>> load_model(std::shared_ptr<const ModelFile> file,
                                                ThreadPool& pool, const ModelSettings& settings) {
  const Architecture* architecture = SEINE_TRY(find_architecture(*file));
  const MemoryEstimate need = SEINE_TRY(estimate_memory(*file, settings));
  const std::uint64_t limit =
      settings.memory_limit > 0 ? settings.memory_limit : memory_available();
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  if (limit > 0 && need.total() > limit) {
    return base::fail(
        Code::kResourceExhausted,
        "the model needs {} MiB (weights {}, tables {}, activations {}, KV cache {}), {} MiB are "
        "there",
        need.total() / kMiB, need.weights / kMiB, need.converted / kMiB, need.workspace / kMiB,
        need.kv_cache / kMiB, limit / kMiB);
  }
  const ModelSource source{.file = file,
                           .pool = pool,
                           .kernels = settings.kernels != nullptr ? *settings.kernels : kernels(),
                           .settings = settings};
  base::Result<std::unique_ptr<Model>> model = architecture->load(source);
  // A file that was replaced meanwhile explains any other error.
  if (const auto unchanged = file->check_unchanged(); !unchanged) {
    return base::fail(Code::kAborted, "the model file changed while it was loaded: {}",
                      unchanged.error().message);
  }
  return model;
}

}  // namespace seine::engine
