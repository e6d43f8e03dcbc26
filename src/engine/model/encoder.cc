#include "engine/model/encoder.h"

#include <algorithm>
#include <numeric>

#include "engine/formats/codec.h"

namespace seine::engine {

using base::Code;

Encoder::Encoder(const ModelSource& source)
    : source_(source),
      compute_(source.pool, source.kernels, source.settings.observer),
      rows_(BatchLimits{}) {}

base::Result<> Encoder::open() {
  const ModelFile& file = *source_.file;
  const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
  const Tensor* table = SEINE_TRY(file.require("token_embd.weight"));
  const std::int32_t width = SEINE_TRY(sizes.size("embedding_length"));
  const std::uint64_t vocabulary = table->rows();
  if (vocabulary == 0 || vocabulary > 1u << 24) {
    return base::fail_field(Code::kInvalidArgument, table->name, "a vocabulary of {} tokens",
                            vocabulary);
  }
  table_ = SEINE_TRY(
      WeightReader(file).matrix(table->name, static_cast<std::int64_t>(vocabulary), width));
  facts_.architecture = sizes.architecture();
  facts_.name = SEINE_TRY(file.metadata().get_or<std::string_view>("general.name", ""));
  facts_.vocabulary = static_cast<std::int32_t>(vocabulary);
  facts_.width = width;
  facts_.layers = SEINE_TRY(sizes.size("block_count"));
  facts_.context = SEINE_TRY(sizes.size("context_length"));
  if (facts_.layers > 1024) return std::unexpected(sizes.wrong("block_count", "is over 1024"));
  if (source_.settings.context > facts_.context) {
    return base::fail_field(Code::kInvalidArgument, "context",
                            "a context of {} is wanted, the model's limit is {}",
                            source_.settings.context, facts_.context);
  }
  if (source_.settings.context > 0) facts_.context = source_.settings.context;
  facts_.is_encoder = true;
  for (const Tensor& tensor : file.tensors()) facts_.parameters += tensor.elements();
  facts_.weight_bytes = file.tensor_bytes();
  const std::int32_t pooling = SEINE_TRY(sizes.size_or("pooling_type", 1));
  if (pooling != 1 && pooling != 2) {
    return std::unexpected(sizes.wrong("pooling_type", "is neither 1 (mean) nor 2 (first)"));
  }
  pooling_ = pooling == 1 ? Pooling::kMean : Pooling::kFirst;
  return {};
}

base::Result<> Encoder::make_buffers(std::int32_t widest, std::int32_t kv_width) {
  const std::int32_t width = facts_.width;
  batch_rows_max_ = source_.settings.batch_rows;
  rows_ = BatchRows({.rows = batch_rows_max_,
                     .logit_rows = 0,
                     .context = facts_.context,
                     .vocabulary = facts_.vocabulary});
  activations_ = Activations(compute_.kernels(), batch_rows_max_, std::max(width, widest));
  x_ = FloatRows(batch_rows_max_, width);
  normed_ = FloatRows(batch_rows_max_, width);
  pooled_ = FloatRows(batch_rows_max_, width);
  // Every run has a block of its own at least; what nothing touches is never committed.
  const KvLayout layout = SEINE_TRY(gqa_layout(KvType::kF32, 1, 1, kv_width, kv_width));
  kv_.emplace(SEINE_TRY(KvStorage::create(layout, batch_rows_max_)));
  blocks_.resize(static_cast<std::size_t>(batch_rows_max_));
  std::iota(blocks_.begin(), blocks_.end(), 0);
  runs_.reserve(static_cast<std::size_t>(batch_rows_max_));
  return {};
}

base::Result<KvLayout> Encoder::kv_layout(KvType) const {
  return KvLayout{};
}

base::Result<ForwardResult> Encoder::forward(const Batch&, KvStorage&) {
  return base::fail(Code::kUnimplemented, "the model '{}' is an encoder: it generates no text",
                    facts_.name);
}

base::Result<std::span<const float>> Encoder::states(std::span<const TokenRun> runs,
                                                     const std::stop_token& stop) {
  runs_.clear();
  std::size_t used = 0;
  for (const TokenRun& run : runs) {
    if (run.first_position != 0) {
      return base::fail(Code::kInvalidArgument, "an encoder's run starts at position 0, not {}",
                        run.first_position);
    }
    const auto needed = static_cast<std::size_t>(
        kv_->layout().blocks_for(static_cast<std::int64_t>(run.tokens.size())));
    if (used + needed > blocks_.size() || runs_.size() == runs_.capacity()) {
      return base::fail(Code::kResourceExhausted, "the batch has more than {} rows",
                        batch_rows_max_);
    }
    runs_.push_back({.tokens = run.tokens,
                     .first_position = 0,
                     .blocks = std::span(blocks_).subspan(used, needed),
                     .phase = Phase::kPrompt});
    used += needed;
  }
  SEINE_CHECK(rows_.set(runs_, {}, &*kv_));
  const std::int64_t width = facts_.width;
  float* x = x_.data();
  for (std::int32_t r = 0; r < rows_.size(); ++r) {
    dequantize_row(table_.type, table_.data + rows_.row(r).token * table_.row_bytes, x + r * width,
                   static_cast<std::size_t>(width));
  }
  begin(x);
  for (std::int32_t layer = 0; layer < facts_.layers; ++layer) {
    if (stop.stop_requested()) {
      return base::fail(Code::kCancelled, "cancelled after {} of {} layers", layer, facts_.layers);
    }
    run_layer(layer, x, *kv_);
  }
  end(x);
  return std::span<const float>(x, static_cast<std::size_t>(rows_.size() * width));
}

void Encoder::mean_rows(const float* rows, std::int64_t count, float* out) const {
  const std::int64_t width = facts_.width;
  std::copy_n(rows, width, out);
  for (std::int64_t i = 1; i < count; ++i)
    compute_.vector().axpy(1.0f, rows + i * width, out, width);
  for (std::int64_t d = 0; d < width; ++d) out[d] /= static_cast<float>(count);
}

base::Result<std::span<const float>> Encoder::embed(std::span<const TokenRun> runs,
                                                    const std::stop_token& stop) {
  const std::span<const float> states = SEINE_TRY(this->states(runs, stop));
  const std::int64_t width = facts_.width;
  const float* row = states.data();
  float* out = pooled_.data();
  for (const TokenRun& run : runs) {
    const auto count = static_cast<std::int64_t>(run.tokens.size());
    mean_rows(row, pooling_ == Pooling::kMean ? count : 1, out);
    row += count * width;
    out += width;
  }
  return std::span<const float>(pooled_.data(), runs.size() * static_cast<std::size_t>(width));
}

}  // namespace seine::engine
