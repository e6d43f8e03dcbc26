#include "engine/model/deepseek.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/model/ffn.h"
#include "engine/model/indexer.h"
#include "engine/model/mla.h"

namespace seine::engine {
namespace {

using base::Code;

struct Layer {
  MlaWeights attention;
  std::optional<IndexerWeights> indexer;  // sparse attention (V3.2)
  std::vector<float> ffn_norm;            // (width)
  bool is_dense = false;
  MlpWeights mlp;         // dense layers
  ExpertWeights experts;  // all others
};

// Module of multi-token prediction (V3 report, section 2.2).
struct MtpModule {
  std::vector<float> embed_norm;   // enorm (width)
  std::vector<float> hidden_norm;  // hnorm (width)
  MatrixView project;              // eh_proj (width, 2 * width): [embedding; hidden]
  std::vector<float> final_norm;   // shared_head.norm (width)
  MatrixView head;                 // (vocabulary, width), the model's own when absent
  Layer layer;
};

class DeepSeek : public CausalModel {
 public:
  explicit DeepSeek(const ModelSource& source) : CausalModel(source) {}

  base::Result<> load() {
    const ModelFile& file = *source_.file;
    const Shape shape = SEINE_TRY(read_shape(file));
    mla_ = SEINE_TRY(MlaConfig::read(file));
    experts_config_ = SEINE_TRY(ExpertConfig::read(file));
    const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
    dense_layers_ = experts_config_.routing.experts == 0
                        ? shape.layers
                        : SEINE_TRY(sizes.size_or("leading_dense_block_count", 0));
    dense_hidden_ = SEINE_TRY(sizes.size_or("feed_forward_length", 0));
    SEINE_CHECK(open(shape));
    facts_.has_prompt_form = facts_.has_prompt_form || mla_.expands_prompts;
    rope_.emplace(SEINE_TRY(read_rope(file, mla_.rope, mla_.scaling)));
    const WeightReader weights(file, source_.interleaved.get());
    if (weights.has("blk.0.indexer.attn_q_b.weight")) {
      indexer_config_.emplace(SEINE_TRY(IndexerConfig::read(file, mla_)));
    }
    for (std::int32_t i = 0; i < shape_.layers; ++i) {
      layers_.push_back(SEINE_TRY(read_layer(weights, i, i < dense_layers_)));
    }
    for (std::int32_t d = 0; d < shape_.mtp; ++d) {
      modules_.push_back(SEINE_TRY(read_module(weights, shape_.layers + d)));
    }
    make_parts();
    return {};
  }

  base::Result<KvLayout> kv_layout(KvType type) const override {
    const std::int32_t index = indexer_config_ ? indexer_config_->head : 0;
    return mla_layout(type, shape_.layers + shape_.mtp, mla_.latent, mla_.rope, index);
  }

  base::Result<ForwardResult> forward_mtp(const Batch& batch, std::int32_t depth,
                                          std::span<const float> hidden, KvStorage& kv) override {
    if (depth < 0 || depth >= shape_.mtp) {
      return base::fail(Code::kOutOfRange, "MTP module {} of {}", depth, shape_.mtp);
    }
    SEINE_CHECK(check_storage(kv));
    SEINE_CHECK(rows_.set(batch.runs, batch.logit_rows, &kv));
    const std::int64_t width = shape_.width;
    if (hidden.size() != static_cast<std::size_t>(rows_.size() * width)) {
      return base::fail(Code::kInvalidArgument, "{} hidden values for {} rows of {}", hidden.size(),
                        rows_.size(), width);
    }
    begin_batch();
    const MtpModule& module = modules_[static_cast<std::size_t>(depth)];
    // `hidden` may be a view into x_: it is read before x_ is written.
    float* embedded = normed_.data();
    embed_rows(embedded);
    for (std::int64_t r = 0; r < rows_.size(); ++r) {
      float* to = joined_.data() + r * 2 * width;
      compute_.vector().rmsnorm(embedded + r * width, module.embed_norm.data(), width,
                                shape_.norm_eps, to);
      compute_.vector().rmsnorm(hidden.data() + r * width, module.hidden_norm.data(), width,
                                shape_.norm_eps, to + width);
    }
    activations_.set(joined_.data(), 2 * width, rows_.counts(), 2 * width);
    compute_.multiply(activations_, module.project, x_.data());
    run(module.layer, shape_.layers + depth, x_.data(), kv);
    return finish(batch, x_.data(), module.final_norm, module.head);
  }

 protected:
  void begin_batch() override { rows_.set_angles(*rope_); }

  void run_layer(std::int32_t layer, float* x, KvStorage& kv) override {
    run(layers_[static_cast<std::size_t>(layer)], layer, x, kv);
  }

 private:
  void make_parts() {
    const std::int32_t dense = dense_layers_ > 0 ? dense_hidden_ : 0;
    const std::int32_t hidden = std::max(dense, experts_config_.shared_hidden);
    make_buffers(std::max(
        {hidden, mla_.heads * mla_.value, mla_.q_rank, shape_.mtp > 0 ? 2 * shape_.width : 0}));
    attention_ = MlaAttention(mla_, compute_, batch_rows_max_);
    if (indexer_config_) {
      indexer_ = Indexer(*indexer_config_, compute_, batch_rows_max_, shape_.context);
    }
    mlp_ = Mlp(compute_, batch_rows_max_, hidden);
    if (experts_config_.routing.experts > 0) {
      experts_ = Experts(experts_config_, compute_, batch_rows_max_);
    }
    if (shape_.mtp > 0) joined_ = FloatRows(batch_rows_max_, 2 * std::int64_t{shape_.width});
  }

  void run(const Layer& layer, std::int32_t kv_layer, float* x, KvStorage& kv) {
    attention_.project(layer.attention, kv_layer, activations_, rows_, kv, x);
    std::span<const std::span<const std::int32_t>> selected;
    if (layer.indexer) {
      selected = indexer_.run(*layer.indexer, kv_layer, activations_, rows_, kv,
                              attention_.normed(), attention_.q_latent());
    }
    attention_.attend_rows(layer.attention, kv_layer, activations_, rows_, kv, x, selected);
    const std::int64_t width = shape_.width;
    float* normed = normed_.data();
    compute_.rmsnorm(x, layer.ffn_norm.data(), rows_.size(), width, shape_.norm_eps, normed);
    if (layer.is_dense) {
      activations_.set(normed, width, rows_.counts(), width);
      mlp_.run(layer.mlp, activations_, x);
    } else {
      experts_.run(layer.experts, normed, rows_.counts(), activations_, mlp_, x);
    }
  }

  base::Result<Layer> read_layer(const WeightReader& weights, std::int32_t index, bool is_dense) {
    Layer layer;
    layer.attention = SEINE_TRY(MlaWeights::read(weights, mla_, index, source_.kernels));
    if (indexer_config_) {
      layer.indexer.emplace(SEINE_TRY(IndexerWeights::read(weights, *indexer_config_, index)));
    }
    layer.ffn_norm = SEINE_TRY(weights.vector(layer_tensor(index, "ffn_norm.weight"), mla_.width));
    layer.is_dense = is_dense;
    if (is_dense) {
      layer.mlp = SEINE_TRY(MlpWeights::read(weights, index, "", mla_.width, dense_hidden_));
    } else {
      layer.experts = SEINE_TRY(ExpertWeights::read(weights, index, experts_config_));
    }
    return layer;
  }

  base::Result<MtpModule> read_module(const WeightReader& weights, std::int32_t index) {
    const auto name = [index](std::string_view rest) {
      return layer_tensor(index, "nextn." + std::string(rest) + ".weight");
    };
    const std::int32_t width = shape_.width;
    MtpModule out;
    out.embed_norm = SEINE_TRY(weights.vector(name("enorm"), width));
    out.hidden_norm = SEINE_TRY(weights.vector(name("hnorm"), width));
    out.project = SEINE_TRY(weights.matrix(name("eh_proj"), width, 2 * width));
    out.final_norm = SEINE_TRY(weights.vector(name("shared_head_norm"), width));
    out.head = head_;
    if (weights.has(name("shared_head_head"))) {
      out.head = SEINE_TRY(weights.matrix(name("shared_head_head"), shape_.vocabulary, width));
    }
    out.layer = SEINE_TRY(read_layer(weights, index, experts_config_.routing.experts == 0));
    return out;
  }

  MlaConfig mla_;
  ExpertConfig experts_config_;
  std::int32_t dense_layers_ = 0;
  std::int32_t dense_hidden_ = 0;
  std::optional<Rope> rope_;
  std::vector<Layer> layers_;
  std::vector<MtpModule> modules_;
  MlaAttention attention_;
  std::optional<IndexerConfig> indexer_config_;
  Indexer indexer_;
  Mlp mlp_;
  Experts experts_;
  FloatRows joined_;  // (rows, 2 * width): what an MTP module projects
};

}  // namespace

base::Result<std::unique_ptr<Model>> load_deepseek(const ModelSource& source) {
  auto model = std::make_unique<DeepSeek>(source);
  SEINE_CHECK(model->load());
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace seine::engine
