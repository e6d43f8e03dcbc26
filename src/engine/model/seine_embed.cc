// The project's own encoder shape: see bert.h.
#include <algorithm>
#include <optional>
#include <utility>

#include "engine/model/bert.h"
#include "engine/model/encoder.h"
#include "engine/model/ffn.h"
#include "engine/model/gqa.h"

namespace seine::engine {
namespace {

class SeineEmbed : public Encoder {
 public:
  explicit SeineEmbed(const ModelSource& source) : Encoder(source) {}

  base::Result<> load() {
    const ModelFile& file = *source_.file;
    const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
    gqa_ = SEINE_TRY(GqaConfig::read(file, RopePairs::kHalfSplit));
    gqa_.is_causal = false;
    const std::int32_t hidden = SEINE_TRY(sizes.size("feed_forward_length"));
    SEINE_CHECK(open());
    if (gqa_.rope > 0) rope_.emplace(SEINE_TRY(read_rope(file, gqa_.rope, gqa_.scaling)));
    const WeightReader weights(file, source_.interleaved.get());
    final_norm_ = SEINE_TRY(weights.vector("output_norm.weight", gqa_.width));
    for (std::int32_t i = 0; i < facts_.layers; ++i) {
      Layer layer;
      layer.attention_norm =
          SEINE_TRY(weights.vector(layer_tensor(i, "attn_norm.weight"), gqa_.width));
      layer.attention = SEINE_TRY(GqaWeights::read(weights, gqa_, i));
      layer.ffn_norm = SEINE_TRY(weights.vector(layer_tensor(i, "ffn_norm.weight"), gqa_.width));
      layer.mlp = SEINE_TRY(MlpWeights::read(weights, i, "", gqa_.width, hidden));
      layers_.push_back(std::move(layer));
    }
    SEINE_CHECK(make_buffers(std::max(hidden, gqa_.heads * gqa_.head), gqa_.kv_heads * gqa_.head));
    attention_ = GqaAttention(gqa_, compute_, batch_rows_max_);
    mlp_ = Mlp(compute_, batch_rows_max_, hidden);
    return {};
  }

 protected:
  void begin(float*) override {
    if (rope_) rows_.set_angles(*rope_);
  }

  void run_layer(std::int32_t index, float* x, KvStorage& kv) override {
    const Layer& layer = layers_[static_cast<std::size_t>(index)];
    const std::int64_t n = rows_.size();
    const std::int64_t width = facts_.width;
    compute_.rmsnorm(x, layer.attention_norm.data(), n, width, gqa_.norm_eps, normed_.data());
    activations_.set(normed_.data(), width, rows_.counts(), width);
    attention_.run(layer.attention, 0, activations_, rows_, kv, x);
    compute_.rmsnorm(x, layer.ffn_norm.data(), n, width, gqa_.norm_eps, normed_.data());
    activations_.set(normed_.data(), width, rows_.counts(), width);
    mlp_.run(layer.mlp, activations_, x);
  }

  void end(float* x) override {
    compute_.rmsnorm(x, final_norm_.data(), rows_.size(), facts_.width, gqa_.norm_eps, x);
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
  std::vector<float> final_norm_;  // (width)
  std::vector<Layer> layers_;
  GqaAttention attention_;
  Mlp mlp_;
};

}  // namespace

base::Result<std::unique_ptr<Model>> load_seine_embed(const ModelSource& source) {
  auto model = std::make_unique<SeineEmbed>(source);
  SEINE_CHECK(model->load());
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace seine::engine
