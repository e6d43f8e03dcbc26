#include "engine/model/llama.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/model/ffn.h"
#include "engine/model/gqa.h"

namespace seine::engine {
namespace {

class Llama : public CausalModel {
 public:
  explicit Llama(const ModelSource& source) : CausalModel(source) {}

  base::Result<> load(RopePairs pairs) {
    const ModelFile& file = *source_.file;
    Shape shape = SEINE_TRY(read_shape(file));
    if (shape.mtp > 0) {
      return base::fail(base::Code::kUnimplemented,
                        "multi-token prediction is not known for this architecture");
    }
    gqa_ = SEINE_TRY(GqaConfig::read(file, pairs));
    const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
    const std::int32_t hidden = SEINE_TRY(sizes.size("feed_forward_length"));
    SEINE_CHECK(open(shape));
    if (gqa_.rope > 0) rope_.emplace(SEINE_TRY(read_rope(file, gqa_.rope, gqa_.scaling)));
    const WeightReader weights(file, source_.interleaved.get());
    for (std::int32_t i = 0; i < shape_.layers; ++i) {
      Layer layer;
      layer.attention_norm =
          SEINE_TRY(weights.vector(layer_tensor(i, "attn_norm.weight"), gqa_.width));
      layer.attention = SEINE_TRY(GqaWeights::read(weights, gqa_, i));
      layer.ffn_norm = SEINE_TRY(weights.vector(layer_tensor(i, "ffn_norm.weight"), gqa_.width));
      layer.mlp = SEINE_TRY(MlpWeights::read(weights, i, "", gqa_.width, hidden));
      layers_.push_back(std::move(layer));
    }
    make_buffers(std::max(hidden, gqa_.heads * gqa_.head));
    attention_ = GqaAttention(gqa_, compute_, batch_rows_max_);
    mlp_ = Mlp(compute_, batch_rows_max_, hidden);
    return {};
  }

  base::Result<KvLayout> kv_layout(KvType type) const override {
    return gqa_layout(type, shape_.layers, gqa_.kv_heads, gqa_.head, gqa_.head);
  }

 protected:
  void begin_batch() override {
    if (rope_) rows_.set_angles(*rope_);
  }

  void run_layer(std::int32_t index, float* x, KvStorage& kv) override {
    const Layer& layer = layers_[static_cast<std::size_t>(index)];
    const std::int64_t n = rows_.size();
    const std::int64_t width = shape_.width;
    compute_.rmsnorm(x, layer.attention_norm.data(), n, width, shape_.norm_eps, normed_.data());
    activations_.set(normed_.data(), width, rows_.counts(), width);
    attention_.run(layer.attention, index, activations_, rows_, kv, x);
    compute_.rmsnorm(x, layer.ffn_norm.data(), n, width, shape_.norm_eps, normed_.data());
    activations_.set(normed_.data(), width, rows_.counts(), width);
    mlp_.run(layer.mlp, activations_, x);
  }

 private:
  struct Layer {
    std::vector<float> attention_norm;  // (width)
    GqaWeights attention;
    std::vector<float> ffn_norm;  // (width)
    MlpWeights mlp;
  };

  GqaConfig gqa_;
  std::optional<Rope> rope_;
  std::vector<Layer> layers_;
  GqaAttention attention_;
  Mlp mlp_;
};

base::Result<std::unique_ptr<Model>> load(const ModelSource& source, RopePairs pairs) {
  auto model = std::make_unique<Llama>(source);
  SEINE_CHECK(model->load(pairs));
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace

base::Result<std::unique_ptr<Model>> load_llama(const ModelSource& source) {
  return load(source, RopePairs::kInterleaved);
}

base::Result<std::unique_ptr<Model>> load_qwen(const ModelSource& source) {
  return load(source, RopePairs::kHalfSplit);
}

}  // namespace seine::engine
