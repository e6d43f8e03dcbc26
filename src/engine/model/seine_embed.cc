// The project's own encoder shape: see bert.h.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"
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
    score_ = SEINE_TRY(weights.optional_vector("cls.output.weight", gqa_.width));
    facts_.ranks = !score_.empty();
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
    mean_.resize(static_cast<std::size_t>(gqa_.width));
    scores_.resize(static_cast<std::size_t>(batch_rows_max_));
    return {};
  }

  base::Result<std::span<const float>> relevance(std::span<const TokenRun> runs,
                                                 std::span<const std::int32_t> asked,
                                                 const std::stop_token& stop) override {
    if (score_.empty()) return Model::relevance(runs, asked, stop);
    SEINE_ASSERT(runs.size() == asked.size(), "each run says how long its question is");
    const std::span<const float> states = SEINE_TRY(this->states(runs, stop));
    const std::int64_t width = facts_.width;
    const float* row = states.data();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const auto count = static_cast<std::int32_t>(runs[i].tokens.size());
      if (asked[i] < 1 || asked[i] > count) {
        return base::fail(base::Code::kInvalidArgument, "a question of {} tokens in a text of {}",
                          asked[i], count);
      }
      mean_rows(row, asked[i], mean_.data());
      scores_[i] = compute_.vector().dot(mean_.data(), score_.data(), width);
      row += count * width;
    }
    return std::span<const float>(scores_.data(), runs.size());
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
  std::vector<float> score_;       // (width): of the question's mean state; empty: cannot rank
  std::vector<float> mean_;        // (width)
  std::vector<float> scores_;      // one a run
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
