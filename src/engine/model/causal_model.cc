#include "engine/model/causal_model.h"

#include <algorithm>

#include "engine/formats/codec.h"
#include "engine/formats/half.h"
#include "engine/ops/kv_rows.h"

namespace seine::engine {

using base::Code;

base::Result<CausalModel::Shape> CausalModel::read_shape(const ModelFile& file) {
  const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
  const Tensor* table = SEINE_TRY(file.require("token_embd.weight"));
  Shape shape;
  shape.width = SEINE_TRY(sizes.size("embedding_length"));
  // The table says the size for certain; the key is absent from some files.
  const std::uint64_t vocabulary = table->rows();
  if (vocabulary == 0 || vocabulary > 1u << 24) {
    return base::fail_field(Code::kInvalidArgument, table->name, "a vocabulary of {} tokens",
                            vocabulary);
  }
  shape.vocabulary = static_cast<std::int32_t>(vocabulary);
  shape.mtp = SEINE_TRY(sizes.size_or("nextn_predict_layers", 0));
  const std::int32_t blocks = SEINE_TRY(sizes.size("block_count"));
  if (blocks > 1024 || shape.mtp >= blocks) {
    return std::unexpected(sizes.wrong("block_count", "and nextn_predict_layers do not agree"));
  }
  shape.layers = blocks - shape.mtp;
  // Checkpoints often promise the modules and leave them out.
  if (shape.mtp > 0 && file.find(layer_tensor(shape.layers, "nextn.eh_proj.weight")) == nullptr) {
    shape.mtp = 0;
  }
  shape.context = SEINE_TRY(sizes.size("context_length"));
  shape.norm_eps =
      static_cast<float>(SEINE_TRY(sizes.number_or("attention.layer_norm_rms_epsilon", 1e-6)));
  return shape;
}

CausalModel::CausalModel(const ModelSource& source)
    : source_(source),
      compute_(source.pool, source.kernels, source.settings.observer),
      rows_(BatchLimits{}) {}

base::Result<> CausalModel::open(const Shape& shape) {
  const ModelFile& file = *source_.file;
  const ModelSettings& settings = source_.settings;
  const WeightReader weights(file);
  shape_ = shape;
  if (settings.context > shape.context) {
    return base::fail_field(Code::kInvalidArgument, "context",
                            "a context of {} is wanted, the model's limit is {}", settings.context,
                            shape.context);
  }
  if (settings.context > 0) shape_.context = settings.context;
  table_ = SEINE_TRY(weights.matrix("token_embd.weight", shape.vocabulary, shape.width));
  const bool is_tied = !weights.has("output.weight");
  head_ = SEINE_TRY(
      WeightReader(file, source_.interleaved.get())
          .matrix(is_tied ? "token_embd.weight" : "output.weight", shape.vocabulary, shape.width));
  final_norm_ = SEINE_TRY(weights.vector("output_norm.weight", shape.width));

  facts_.architecture = SEINE_TRY(SizeReader::of(file)).architecture();
  facts_.name = SEINE_TRY(file.metadata().get_or<std::string_view>("general.name", ""));
  facts_.vocabulary = shape.vocabulary;
  facts_.width = shape.width;
  facts_.layers = shape.layers;
  facts_.context = shape_.context;
  facts_.mtp_depth = shape.mtp;
  for (const Tensor& tensor : file.tensors()) facts_.parameters += tensor.elements();
  facts_.weight_bytes = file.tensor_bytes();
  facts_.has_prompt_form = compute_.kernels().prompt != nullptr;
  return {};
}

void CausalModel::make_buffers(std::int32_t widest) {
  const ModelSettings& settings = source_.settings;
  const Shape& shape = shape_;
  batch_rows_max_ = settings.batch_rows;
  logit_rows_max_ = std::min(settings.logit_rows, settings.batch_rows);
  rows_ = BatchRows({.rows = batch_rows_max_,
                     .logit_rows = logit_rows_max_,
                     .context = shape_.context,
                     .vocabulary = shape.vocabulary});
  activations_ = Activations(compute_.kernels(), batch_rows_max_, std::max(shape.width, widest));
  x_ = FloatRows(batch_rows_max_, shape.width);
  normed_ = FloatRows(batch_rows_max_, shape.width);
  logits_ = FloatRows(logit_rows_max_, shape.vocabulary);
}

base::Result<> CausalModel::check_storage(const KvStorage& kv) const {
  if (kv.layout() == checked_layout_) return {};
  for (const KvType type : {KvType::kF32, KvType::kF16, KvType::kQ8}) {
    const auto layout = kv_layout(type);
    if (layout && *layout == kv.layout()) {
      checked_layout_ = kv.layout();
      return {};
    }
  }
  return base::fail(Code::kInvalidArgument, "the KV storage was made for another model");
}

void CausalModel::embed_rows(float* out) {
  const std::int64_t width = shape_.width;
  compute_.pool().split(rows_.size(), 16, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t r = first; r < last; ++r) {
      const TokenId token = rows_.row(static_cast<std::int32_t>(r)).token;
      dequantize_row(table_.type, table_.data + token * table_.row_bytes, out + r * width,
                     static_cast<std::size_t>(width));
      if (table_.f8_scales == nullptr) continue;
      const std::int64_t wide = (width + 127) / 128;
      for (std::int64_t i = 0; i < width; ++i) {
        out[r * width + i] *=
            load_unaligned<float>(table_.f8_scales + 4 * (token / 128 * wide + i / 128));
      }
    }
  });
}

base::Result<ForwardResult> CausalModel::forward(const Batch& batch, KvStorage& kv) {
  SEINE_CHECK(check_storage(kv));
  SEINE_CHECK(rows_.set(batch.runs, batch.logit_rows, &kv));
  begin_batch();
  float* x = x_.data();
  embed_rows(x);
  for (std::int32_t layer = 0; layer < shape_.layers; ++layer) {
    if (batch.stop.stop_requested()) {
      return base::fail(Code::kCancelled, "cancelled after {} of {} layers", layer, shape_.layers);
    }
    run_layer(layer, x, kv);
  }
  return finish(batch, x, final_norm_, head_);
}

ForwardResult CausalModel::finish(const Batch& batch, const float* x,
                                  const std::vector<float>& norm, const MatrixView& head) {
  ForwardResult out;
  const std::int64_t width = shape_.width;
  if (batch.want_hidden) {
    out.hidden = {x, static_cast<std::size_t>(rows_.size() * width)};
  }
  const auto wanted = static_cast<std::int64_t>(batch.logit_rows.size());
  if (wanted == 0) return out;
  float* normed = normed_.data();
  for (std::int64_t i = 0; i < wanted; ++i) {
    const std::int64_t row = batch.logit_rows[static_cast<std::size_t>(i)];
    compute_.vector().rmsnorm(x + row * width, norm.data(), width, shape_.norm_eps,
                              normed + i * width);
  }
  const auto decode =
      std::ranges::lower_bound(batch.logit_rows, static_cast<std::int32_t>(rows_.counts().decode));
  const auto decoding = static_cast<std::int64_t>(decode - batch.logit_rows.begin());
  activations_.set(normed, width, {.decode = decoding, .prompt = wanted - decoding}, width);
  compute_.multiply(activations_, head, logits_.data());
  out.logits = {logits_.data(), static_cast<std::size_t>(wanted * shape_.vocabulary)};
  return out;
}

base::Result<KvLayout> gqa_layout(KvType type, std::int32_t layers, std::int32_t kv_heads,
                                  std::int32_t key_width, std::int32_t value_width) {
  if (type == KvType::kQ8 && (key_width % kKvGroup != 0 || value_width % kKvGroup != 0)) {
    return base::fail(Code::kInvalidArgument,
                      "a q8 cache needs heads of a multiple of {}, the model's are {} and {}",
                      kKvGroup, key_width, value_width);
  }
  return KvLayout{.layers = layers,
                  .block_tokens = 16,
                  .streams = {{type, kv_heads * key_width}, {type, kv_heads * value_width}}};
}

base::Result<KvLayout> mla_layout(KvType type, std::int32_t layers, std::int32_t latent,
                                  std::int32_t rope, std::int32_t index) {
  if (type == KvType::kQ8 && latent % kKvGroup != 0) {
    return base::fail(Code::kInvalidArgument,
                      "a q8 cache needs a latent width of a multiple of {}, the model's is {}",
                      kKvGroup, latent);
  }
  // The rotary part is small and scores hang on it: it keeps 16 bits.
  const KvType rope_type = type == KvType::kQ8 ? KvType::kF16 : type;
  KvLayout layout{
      .layers = layers, .block_tokens = 64, .streams = {{type, latent}, {rope_type, rope}}};
  if (index > 0) layout.streams.push_back({rope_type, index});
  return layout;
}

}  // namespace seine::engine
