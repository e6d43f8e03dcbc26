// Encoder: what bidirectional models share around their layers: the token table, keys and values of
// the one layer at work, pooling. An architecture derives from it and supplies its layers.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/model/causal_model.h"

namespace seine::engine {

class Encoder : public Model {
 public:
  base::Result<KvLayout> kv_layout(KvType type) const override;
  base::Result<ForwardResult> forward(const Batch& batch, KvStorage& kv) override;
  base::Result<std::span<const float>> embed(std::span<const TokenRun> runs,
                                             const std::stop_token& stop) override;
  // The states of all rows after the last layer, for comparisons; (rows, width).
  base::Result<std::span<const float>> states(std::span<const TokenRun> runs,
                                              const std::stop_token& stop);

 protected:
  enum class Pooling : std::uint8_t { kMean, kFirst };

  explicit Encoder(const ModelSource& source);
  // Facts and the table; then the weights are read, which checks their shapes.
  base::Result<> open();
  // kv_width: of the keys of all heads.
  base::Result<> make_buffers(std::int32_t widest, std::int32_t kv_width);

  // The mean of the first `count` rows of a run; (width)
  void mean_rows(const float* rows, std::int64_t count, float* out) const;

  virtual void begin(float* x) = 0;  // after the token rows are in x
  virtual void run_layer(std::int32_t layer, float* x, KvStorage& kv) = 0;
  virtual void end(float* x) = 0;

  ModelSource source_;
  Compute compute_;
  BatchRows rows_;
  Activations activations_;
  MatrixView table_;
  FloatRows x_;
  FloatRows normed_;

 private:
  Pooling pooling_ = Pooling::kMean;
  std::optional<KvStorage> kv_;  // one layer, f32
  std::vector<TokenRun> runs_;
  std::vector<KvBlockId> blocks_;
  FloatRows pooled_;  // (runs, width)
};

}  // namespace seine::engine
