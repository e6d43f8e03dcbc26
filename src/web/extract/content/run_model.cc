#include "web/extract/content/run_model.h"

namespace seine::web {
namespace {

constexpr std::size_t kStepsMax = 14;

// A value below steps[0] has weights[0], from steps[i] on weights[i + 1].
struct FeatureWeights {
  RunFeature feature;
  std::size_t count;
  std::array<float, kStepsMax> steps;
  std::array<float, kStepsMax + 1> weights;
};

#include "web/extract/content/run_weights.inc"

constexpr bool rows_follow_the_features() {
  for (std::size_t i = 0; i < kRunFeatures; ++i) {
    if (kRunWeights[i].feature != static_cast<RunFeature>(i)) return false;
  }
  return true;
}
static_assert(kRunWeights.size() == kRunFeatures && rows_follow_the_features());

}  // namespace

float run_score(const RunVector& run) {
  float score = kRunBias;
  for (std::size_t i = 0; i < kRunFeatures; ++i) {
    const FeatureWeights& row = kRunWeights[i];
    std::size_t step = 0;
    while (step < row.count && run[i] >= row.steps[step]) ++step;
    score += row.weights[step];
  }
  return score;
}

}  // namespace seine::web
