// CausalModel: what all causal models share around their layers: the token table, the residual
// stream, the last norm and the head. An architecture derives from it and supplies its layers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/model/interleaved_weights.h"
#include "engine/model/model.h"
#include "engine/model/registry.h"
#include "engine/model/weights.h"
#include "engine/ops/compute.h"
#include "engine/ops/rope.h"
#include "engine/ops/rows.h"

namespace seine::engine {

// What load_model hands to an architecture. The file outlives the model.
struct ModelSource {
  std::shared_ptr<const ModelFile> file;
  ThreadPool& pool;
  const Kernels& kernels;
  ModelSettings settings;
  std::shared_ptr<InterleavedWeights> interleaved;  // null: products read the file alone
};

// Rows of floats, not initialised.
class FloatRows {
 public:
  FloatRows() = default;
  FloatRows(std::int64_t rows, std::int64_t width)
      : bytes_(static_cast<std::size_t>(rows * width) * sizeof(float)) {}
  float* data() { return reinterpret_cast<float*>(bytes_.data()); }
  std::size_t bytes() const { return bytes_.size(); }

 private:
  AlignedBytes bytes_;
};

class CausalModel : public Model {
 public:
  base::Result<ForwardResult> forward(const Batch& batch, KvStorage& kv) override;

 protected:
  // Sizes of the architecture that a CausalModel itself needs.
  struct Shape {
    std::int32_t vocabulary = 0;
    std::int32_t width = 0;
    std::int32_t layers = 0;  // of forward(); MTP modules apart
    std::int32_t context = 0;
    std::int32_t mtp = 0;
    float norm_eps = 1e-6f;
  };
  static base::Result<Shape> read_shape(const ModelFile& file);

  explicit CausalModel(const ModelSource& source);

  // Facts and tables. Then weights are read, which checks their shapes, and only then buffers are
  // made; `widest`: of the activations that a product reads besides `width`.
  base::Result<> open(const Shape& shape);
  void make_buffers(std::int32_t widest);

  // One layer: x (rows, width), changed in place. `kv_layer` is where its keys and values go.
  virtual void run_layer(std::int32_t layer, float* x, KvStorage& kv) = 0;
  // Called once for each batch, after rows_ are set.
  virtual void begin_batch() = 0;

  base::Result<> check_storage(const KvStorage& kv) const;
  void embed_rows(float* out);  // (rows, width)
  // Norm and head on the wanted rows of x.
  ForwardResult finish(const Batch& batch, const float* x, const std::vector<float>& norm,
                       const MatrixView& head);

  ModelSource source_;
  Compute compute_;
  Shape shape_;
  BatchRows rows_;
  Activations activations_;
  MatrixView table_;                 // (vocabulary, width)
  MatrixView head_;                  // (vocabulary, width), the table itself when tied
  std::vector<float> final_norm_;    // (width)
  FloatRows x_;                      // (batch rows, width): the residual stream
  FloatRows normed_;                 // (batch rows, width)
  FloatRows logits_;                 // (logit rows, vocabulary)
  mutable KvLayout checked_layout_;  // the last storage layout found right
};

// Layouts of the two kinds of attention; q8 where the widths allow it. index: width of the sparse
// attention's index key, 0 without.
base::Result<KvLayout> gqa_layout(KvType type, std::int32_t layers, std::int32_t kv_heads,
                                  std::int32_t key_width, std::int32_t value_width);
base::Result<KvLayout> mla_layout(KvType type, std::int32_t layers, std::int32_t latent,
                                  std::int32_t rope, std::int32_t index = 0);

}  // namespace seine::engine
