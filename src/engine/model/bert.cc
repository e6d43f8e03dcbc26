#include "engine/model/bert.h"

#include <cmath>
#include <utility>

#include "engine/model/encoder.h"
#include "engine/model/gqa.h"

namespace seine::engine {
namespace {

struct Norm {
  std::vector<float> scale;
  std::vector<float> shift;
};

base::Result<Norm> read_norm(const WeightReader& weights, const std::string& name,
                             std::int64_t width) {
  Norm out;
  out.scale = SEINE_TRY(weights.vector(name + ".weight", width));
  out.shift = SEINE_TRY(weights.vector(name + ".bias", width));
  return out;
}

// x[r] = (x[r] - mean) / deviation * scale + shift
void layer_norm(const Compute& compute, const Norm& norm, std::int64_t rows, float eps, float* x) {
  const auto width = static_cast<std::int64_t>(norm.scale.size());
  compute.pool().split(rows, 8, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t r = first; r < last; ++r) {
      float* row = x + r * width;
      double mean = 0;
      for (std::int64_t i = 0; i < width; ++i) mean += row[i];
      mean /= static_cast<double>(width);
      double square = 0;
      for (std::int64_t i = 0; i < width; ++i) square += (row[i] - mean) * (row[i] - mean);
      const auto factor =
          static_cast<float>(1.0 / std::sqrt(square / static_cast<double>(width) + eps));
      for (std::int64_t i = 0; i < width; ++i) {
        const auto at = static_cast<std::size_t>(i);
        row[i] = (row[i] - static_cast<float>(mean)) * factor * norm.scale[at] + norm.shift[at];
      }
    }
  });
}

// The exact form, 0.5 x (1 + erf(x / sqrt 2)).
void gelu(const Compute& compute, float* x, std::int64_t rows, std::int64_t width) {
  compute.pool().split(rows, 4, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t i = first * width; i < last * width; ++i) {
      x[i] = 0.5f * x[i] * (1.0f + std::erf(x[i] * 0.70710678f));
    }
  });
}

class Bert : public Encoder {
 public:
  explicit Bert(const ModelSource& source) : Encoder(source) {}

  base::Result<> load() {
    const ModelFile& file = *source_.file;
    const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
    gqa_ = SEINE_TRY(GqaConfig::read(file, RopePairs::kHalfSplit));
    gqa_.rope = 0;
    gqa_.is_causal = false;
    hidden_ = SEINE_TRY(sizes.size("feed_forward_length"));
    eps_ = static_cast<float>(SEINE_TRY(sizes.number_or("attention.layer_norm_epsilon", 1e-12)));
    SEINE_CHECK(open());
    const WeightReader weights(file, source_.interleaved.get());
    const std::int32_t width = gqa_.width;
    positions_ = SEINE_TRY(weights.floats("position_embd.weight", facts_.context, width));
    if (weights.has("token_types.weight")) {
      const Tensor* types = SEINE_TRY(file.require("token_types.weight"));
      type_ = SEINE_TRY(
          weights.floats("token_types.weight", static_cast<std::int64_t>(types->rows()), width));
    }
    input_norm_ = SEINE_TRY(read_norm(weights, "token_embd_norm", width));
    for (std::int32_t i = 0; i < facts_.layers; ++i) {
      layers_.push_back(SEINE_TRY(read_layer(weights, i)));
    }
    SEINE_CHECK(make_buffers(std::max(hidden_, gqa_.heads * gqa_.head), gqa_.kv_heads * gqa_.head));
    attention_ = GqaAttention(gqa_, compute_, batch_rows_max_);
    up_ = FloatRows(batch_rows_max_, hidden_);
    return {};
  }

 protected:
  void begin(float* x) override {
    const std::int64_t width = facts_.width;
    for (std::int32_t r = 0; r < rows_.size(); ++r) {
      const VectorOps& ops = compute_.vector();
      ops.axpy(1.0f, positions_.data() + rows_.row(r).position * width, x + r * width, width);
      if (!type_.empty()) ops.axpy(1.0f, type_.data(), x + r * width, width);
    }
    layer_norm(compute_, input_norm_, rows_.size(), eps_, x);
  }

  void run_layer(std::int32_t index, float* x, KvStorage& kv) override {
    const Layer& layer = layers_[static_cast<std::size_t>(index)];
    const std::int64_t n = rows_.size();
    const std::int64_t width = facts_.width;
    activations_.set(x, width, rows_.counts(), width);
    attention_.run(layer.attention, 0, activations_, rows_, kv, x);
    layer_norm(compute_, layer.attention_norm, n, eps_, x);
    activations_.set(x, width, rows_.counts(), width);
    compute_.multiply(activations_, layer.up, up_.data());
    compute_.add_bias(up_.data(), layer.up_bias, n);
    gelu(compute_, up_.data(), n, hidden_);
    activations_.set(up_.data(), hidden_, rows_.counts(), hidden_);
    compute_.multiply(activations_, layer.down, x, true);
    compute_.add_bias(x, layer.down_bias, n);
    layer_norm(compute_, layer.output_norm, n, eps_, x);
  }

  void end(float*) override {}

 private:
  struct Layer {
    GqaWeights attention;
    Norm attention_norm;
    MatrixView up;  // (hidden, width)
    std::vector<float> up_bias;
    MatrixView down;  // (width, hidden)
    std::vector<float> down_bias;
    Norm output_norm;
  };

  base::Result<Layer> read_layer(const WeightReader& weights, std::int32_t i) {
    const std::int32_t width = gqa_.width;
    Layer out;
    out.attention = SEINE_TRY(GqaWeights::read(weights, gqa_, i));
    out.attention_norm = SEINE_TRY(read_norm(weights, layer_tensor(i, "attn_output_norm"), width));
    out.up = SEINE_TRY(weights.matrix(layer_tensor(i, "ffn_up.weight"), hidden_, width));
    out.up_bias = SEINE_TRY(weights.optional_vector(layer_tensor(i, "ffn_up.bias"), hidden_));
    out.down = SEINE_TRY(weights.matrix(layer_tensor(i, "ffn_down.weight"), width, hidden_));
    out.down_bias = SEINE_TRY(weights.optional_vector(layer_tensor(i, "ffn_down.bias"), width));
    out.output_norm = SEINE_TRY(read_norm(weights, layer_tensor(i, "layer_output_norm"), width));
    return out;
  }

  GqaConfig gqa_;
  std::int32_t hidden_ = 0;
  float eps_ = 1e-12f;
  std::vector<float> positions_;  // (context, width)
  std::vector<float> type_;       // (types, width): the first is that of a single text
  Norm input_norm_;
  std::vector<Layer> layers_;
  GqaAttention attention_;
  FloatRows up_;  // (rows, hidden)
};

}  // namespace

base::Result<std::unique_ptr<Model>> load_bert(const ModelSource& source) {
  auto model = std::make_unique<Bert>(source);
  SEINE_CHECK(model->load());
  return std::unique_ptr<Model>(std::move(model));
}

}  // namespace seine::engine
