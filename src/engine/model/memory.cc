#include "engine/model/memory.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <thread>

#include "engine/kernels/table.h"
#include "engine/model/bert.h"
#include "engine/model/ffn.h"
#include "engine/model/gqa.h"
#include "engine/model/indexer.h"
#include "engine/model/mla.h"

namespace seine::engine {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// A number of things that stays at the largest one.
class Count {
 public:
  Count(std::uint64_t value) : value_(value) {}  // NOLINT(google-explicit-constructor)
  Count(std::int32_t value) : value_(static_cast<std::uint64_t>(std::max(value, 0))) {}  // NOLINT

  std::uint64_t value() const { return value_; }
  friend Count operator+(Count a, Count b) {
    std::uint64_t sum = 0;
    return __builtin_add_overflow(a.value_, b.value_, &sum) ? kMost : sum;
  }
  friend Count operator*(Count a, Count b) {
    std::uint64_t product = 0;
    return __builtin_mul_overflow(a.value_, b.value_, &product) ? kMost : product;
  }
  Count& operator+=(Count other) { return *this = *this + other; }

 private:
  std::uint64_t value_;
};

// What one row of a batch, what one thread, and what all together need, in floats.
struct Floats {
  Count row = 0;
  Count thread = 0;
  Count shared = 0;
};

// A tile of keys and values, and 32 queries with their sums (ops/attention.cc).
Count tile_floats(Count key, Count value) {
  return Count(96) * (key + value + Count(96));
}

base::Result<Floats> mla_floats(const ModelFile& file, const SizeReader& sizes) {
  const MlaConfig c = SEINE_TRY(MlaConfig::read(file));
  const Count heads = c.heads;
  const Count key = Count(c.latent) + Count(c.rope);
  Floats out;
  out.row = Count(c.width) + Count(c.q_rank) + heads * Count(c.head()) + key + heads * key +
            heads * Count(c.latent) + heads * Count(c.value) + Count(c.rope);
  out.thread = tile_floats(key, Count(c.latent));
  if (c.expands_prompts) {
    out.row += Count(2) * heads;
    out.thread += Count(ExpandedAttention::kPieceKeys + 32) * Count(c.head() + c.value + 32) +
                  Count(32 * kTileKeys);
    // Decoded, and packed in no more than that.
    out.shared = Count(2 * ExpandedAttention::kPieces * ExpandedAttention::kPieceKeys) *
                 Count(c.latent + 256);
  }
  if (!file.find("blk.0.indexer.attn_q_b.weight")) return out;
  const IndexerConfig index = SEINE_TRY(IndexerConfig::read(file, c));
  const std::int32_t context = SEINE_TRY(sizes.size("context_length"));
  out.row += Count(index.heads) * Count(index.head) + Count(index.head) + Count(index.heads) +
             Count(index.top) + Count(4);
  out.thread += (Count(index.heads) + Count(64)) * (Count(index.head) + Count(64)) +
                Count(2) * Count(context);
  return out;
}

base::Result<Floats> gqa_floats(const ModelFile& file) {
  const GqaConfig c = SEINE_TRY(GqaConfig::read(file, RopePairs::kInterleaved));
  const Count head = c.head;
  // Encoders hold the keys and values of the layer at work beside what is stored of it.
  return Floats{
      .row = Count(2) * Count(c.heads) * head + Count(4) * Count(c.kv_heads) * head + Count(c.rope),
      .thread = tile_floats(head, head)};
}

// Tables held as floats, and the views of experts.
Count converted_bytes(const ModelFile& file, const Kernels& kernels) {
  static constexpr std::initializer_list<std::string_view> kTables = {
      "ffn_gate_inp", "attn_kv_b", "position_embd", "token_types"};
  Count out = 0;
  const bool is_sparse = file.find("blk.0.indexer.attn_q_b.weight") != nullptr;
  for (const Tensor& tensor : file.tensors()) {
    if (!is_sparse && tensor.name.find(".attn_k_b.") != std::string::npos) {
      // The other way round (mla.h), rows along the second dimension.
      const std::uint64_t columns = tensor.shape.size() == 3 ? tensor.shape[1] : 1;
      const DType type = key_rows_type(tensor.dtype, static_cast<std::int64_t>(columns), kernels);
      out += Count(tensor.elements()) * Count(type == DType::kF32 ? 4 : 2);
    }
    const bool is_table =
        tensor.shape.size() == 1 || std::ranges::any_of(kTables, [&](std::string_view name) {
          return tensor.name.find(name) != std::string::npos;
        });
    if (is_table) out += Count(tensor.elements()) * Count(std::uint64_t{sizeof(float)});
    if (tensor.shape.size() == 3)
      out += Count(tensor.shape[0]) * Count(std::uint64_t{2 * sizeof(MatrixView)});
  }
  return out;
}

}  // namespace

std::uint64_t MemoryEstimate::total() const {
  return (Count(weights) + Count(converted) + Count(copies) + Count(workspace) + Count(kv_cache))
      .value();
}

base::Result<MemoryEstimate> measure_memory(const ModelFile& file, const ModelSettings& settings) {
  const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
  const std::int32_t width = SEINE_TRY(sizes.size("embedding_length"));
  const std::int32_t layers = SEINE_TRY(sizes.size("block_count"));
  const std::int32_t latent = SEINE_TRY(sizes.size_or("attention.kv_lora_rank", 0));
  const ExpertConfig experts = SEINE_TRY(ExpertConfig::read(file));
  const Count hidden =
      std::max(SEINE_TRY(sizes.size_or("feed_forward_length", 0)), experts.shared_hidden);
  Floats floats = latent > 0 ? SEINE_TRY(mla_floats(file, sizes)) : SEINE_TRY(gqa_floats(file));
  // The residual stream, its norm, what a multi-token module joins or an encoder pools, and the
  // packed form of the widest activation.
  floats.row += Count(5) * Count(width) + Count(4) * hidden;
  if (experts.routing.experts > 0) {
    const Count used = experts.routing.used;
    floats.row += used * (Count(3) * Count(width) + Count(3) * Count(experts.hidden) + Count(4));
  }
  if (settings.activations == ActivationBytes::kTwo) {
    // Packed twice, the second time from floats that wait meanwhile.
    floats.row += Count(2) * (Count(width) + hidden);
    floats.row += Count(2) * experts.routing.used * (Count(width) + Count(experts.hidden));
  }
  const Count vocabulary = SEINE_TRY(file.require("token_embd.weight"))->rows();
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const Count threads = settings.threads > 0 ? settings.threads : static_cast<std::int32_t>(cores);
  MemoryEstimate out;
  out.weights = file.tensor_bytes();
  out.converted = converted_bytes(file, kernels_for(settings)).value();
  const Count values = floats.row * Count(settings.batch_rows) +
                       vocabulary * Count(settings.logit_rows) + floats.thread * threads +
                       floats.shared;
  out.workspace = (Count(std::uint64_t{sizeof(float)}) * values +
                   Count(std::uint64_t{kGemmScratchBytes}) * threads)
                      .value();

  if (is_encoder(sizes.architecture())) return out;
  KvLayout layout;
  if (latent > 0) {
    const MlaConfig mla = SEINE_TRY(MlaConfig::read(file));
    const std::int32_t index = SEINE_TRY(sizes.size_or("attention.indexer.key_length", 0));
    layout = SEINE_TRY(mla_layout(settings.kv_type, layers, mla.latent, mla.rope, index));
  } else {
    // Any width goes into the type of the estimate.
    const GqaConfig gqa = SEINE_TRY(GqaConfig::read(file, RopePairs::kInterleaved));
    layout = SEINE_TRY(gqa_layout(settings.kv_type, layers, gqa.kv_heads, gqa.head, gqa.head));
  }
  out.kv_token = layout.token_bytes();
  out.kv_cache = (Count(static_cast<std::uint64_t>(layout.blocks_for(settings.kv_tokens))) *
                  Count(std::uint64_t{layout.block_bytes()}))
                     .value();
  return out;
}

}  // namespace seine::engine
