// Feed-forward parts: the gated MLP (SwiGLU) and the mixture of experts with shared experts.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "engine/model/causal_model.h"
#include "engine/ops/routing.h"

namespace seine::engine {

struct MlpWeights {
  MatrixView gate;  // (hidden, width)
  MatrixView up;    // (hidden, width)
  MatrixView down;  // (width, hidden)

  // `suffix` "" or "_shexp".
  static base::Result<MlpWeights> read(const WeightReader& weights, std::int32_t layer,
                                       std::string_view suffix, std::int32_t width,
                                       std::int32_t hidden);
};

class Mlp {
 public:
  Mlp() = default;
  Mlp(const Compute& compute, std::int32_t rows_max, std::int32_t hidden_max);
  // x (rows, width) += down(silu(gate n) * up n) with n what `activations` hold.
  void run(const MlpWeights& weights, Activations& activations, float* x);

 private:
  const Compute* compute_ = nullptr;
  FloatRows gate_;  // (rows, hidden)
  FloatRows up_;
};

struct ExpertConfig {
  RoutingConfig routing;
  std::int32_t width = 0;
  std::int32_t hidden = 0;         // of one expert
  std::int32_t shared_hidden = 0;  // of all shared experts together, which are one MLP; 0: none

  static base::Result<ExpertConfig> read(const ModelFile& file);
};

struct ExpertWeights {
  std::vector<float> router;     // (experts, width)
  std::vector<float> bias;       // (experts), may be empty
  std::vector<MatrixView> gate;  // per expert (hidden, width)
  std::vector<MatrixView> up;    // per expert (hidden, width)
  std::vector<MatrixView> down;  // per expert (width, hidden)
  MlpWeights shared;

  static base::Result<ExpertWeights> read(const WeightReader& weights, std::int32_t layer,
                                          const ExpertConfig& config);
};

// Rows are sorted by expert (and phase, where that makes a difference), each expert multiplies its
// rows in one go, and every row adds up its experts' answers in the order of its own choice: its
// bits do not depend on its neighbours.
class Experts {
 public:
  Experts() = default;
  Experts(const ExpertConfig& config, const Compute& compute, std::int32_t rows_max);

  // x (rows, width) += experts(normed) + shared(normed); normed (rows, width).
  void run(const ExpertWeights& weights, const float* normed, RowCounts rows,
           Activations& activations, Mlp& shared, float* x);

 private:
  struct Group {
    const Kernels* kernels;
    std::int32_t expert;
    std::int32_t first;  // slot
    std::int32_t rows;
    std::int32_t first_tile;  // of 16 rows, in packed_
  };

  void route(const ExpertWeights& weights, const float* normed, std::int64_t rows);
  void sort(RowCounts rows);
  // Packs each group's rows of x (slots, columns) where `weights` want that.
  void pack(std::span<const MatrixView> weights, const float* x, std::int64_t columns);
  // To the observer: the rows of every expert of `weights`.
  void tell(std::initializer_list<std::span<const MatrixView>> weights, const float* x,
            std::int64_t columns);
  std::byte* packed_of(const Group& group, std::int64_t columns);
  ActivationView view_of(const Group& group, const MatrixView& weight, const float* x);
  void multiply(const MatrixView& weight, const ActivationView& view, const Group& group,
                std::int64_t first, float* y, int thread);

  ExpertConfig config_;
  const Compute* compute_ = nullptr;
  Router router_;
  std::vector<std::int32_t> chosen_;  // (rows, used)
  std::vector<float> share_;          // (rows, used)
  std::vector<std::int32_t> slot_;    // (rows, used): where the pair's row went
  std::vector<std::int32_t> counts_;  // (experts, phases)
  std::vector<Group> groups_;         // experts and phases that have rows
  std::vector<float> route_scratch_;  // per thread
  FloatRows gathered_;                // (slots, width)
  FloatRows gate_;                    // (slots, hidden)
  FloatRows up_;
  FloatRows out_;  // (slots, width)
  AlignedBytes packed_;
};

}  // namespace seine::engine
