// The router of a mixture of experts (DeepSeek-V2 paper, section 2.1.2; V3 report, section 2.1.2):
// which experts a row goes to, and with which weights. In f32 throughout. Pure; ties go to the
// lower index.
#pragma once

#include <cstdint>
#include <vector>

namespace seine::engine {

struct RoutingConfig {
  enum class Score : std::uint8_t { kSoftmax, kSigmoid };
  std::int32_t experts = 0;
  std::int32_t used = 0;  // experts of a row
  Score score = Score::kSoftmax;
  std::int32_t groups = 1;
  std::int32_t groups_used = 1;
  bool normalise = false;  // weights sum to one before `scale`
  float scale = 1;
};

class Router {
 public:
  Router() = default;
  // bias: (experts), added to the scores for the choice only (auxiliary-loss-free balancing); empty
  // without. With a bias a group counts by the sum of its best two, else by its best.
  explicit Router(const RoutingConfig& config);

  // logits: (experts). chosen, weights: (used).
  void choose(const float* logits, const std::vector<float>& bias, std::int32_t* chosen,
              float* weights, float* scratch) const;
  // Floats that choose() wants as scratch.
  std::int32_t scratch_floats() const { return 2 * config_.experts + config_.groups; }
  const RoutingConfig& config() const { return config_; }

 private:
  RoutingConfig config_;
};

}  // namespace seine::engine
