#include "engine/ops/routing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace seine::engine {
namespace {

constexpr float kOut = -std::numeric_limits<float>::infinity();

void softmax(const float* logits, std::int32_t n, float* out) {
  const float largest = *std::max_element(logits, logits + n);
  float sum = 0;
  for (std::int32_t i = 0; i < n; ++i) sum += out[i] = std::exp(logits[i] - largest);
  for (std::int32_t i = 0; i < n; ++i) out[i] /= sum;
}

// The index of the largest; not-a-number never wins, and index 0 stands when nothing does.
std::int32_t best(const float* values, std::int32_t n) {
  std::int32_t at = 0;
  float largest = kOut;
  for (std::int32_t i = 0; i < n; ++i) {
    if (values[i] > largest) {
      largest = values[i];
      at = i;
    }
  }
  return at;
}

float group_score(const float* values, std::int32_t n, bool has_bias) {
  const std::int32_t first = best(values, n);
  if (!has_bias) return values[first];
  float second = kOut;
  for (std::int32_t i = 0; i < n; ++i) {
    if (i != first) second = std::max(second, values[i]);
  }
  return n > 1 ? values[first] + second : values[first];
}

}  // namespace

Router::Router(const RoutingConfig& config) : config_(config) {}

void Router::choose(const float* logits, const std::vector<float>& bias, std::int32_t* chosen,
                    float* weights, float* scratch) const {
  const std::int32_t n = config_.experts;
  float* scores = scratch;    // what weights are made of
  float* keys = scratch + n;  // what is chosen by
  float* groups = keys + n;
  if (config_.score == RoutingConfig::Score::kSoftmax) {
    softmax(logits, n, scores);
  } else {
    for (std::int32_t i = 0; i < n; ++i) scores[i] = 1.0f / (1.0f + std::exp(-logits[i]));
  }
  for (std::int32_t i = 0; i < n; ++i) {
    keys[i] = scores[i] + (bias.empty() ? 0.0f : bias[static_cast<std::size_t>(i)]);
  }
  if (config_.groups > 1) {
    const std::int32_t size = n / config_.groups;
    for (std::int32_t g = 0; g < config_.groups; ++g) {
      groups[g] = group_score(keys + g * size, size, !bias.empty());
    }
    for (std::int32_t i = 0; i < config_.groups_used; ++i) {
      groups[best(groups, config_.groups)] = std::numeric_limits<float>::quiet_NaN();
    }
    // What was taken is marked; the experts of all other groups are out.
    for (std::int32_t g = 0; g < config_.groups; ++g) {
      if (!std::isnan(groups[g])) std::fill_n(keys + g * size, size, kOut);
    }
  }
  float sum = 0;
  for (std::int32_t i = 0; i < config_.used; ++i) {
    chosen[i] = best(keys, n);
    keys[chosen[i]] = kOut;
    weights[i] = scores[chosen[i]];
    sum += weights[i];
  }
  const float factor = config_.normalise ? config_.scale / (sum + 1e-20f) : config_.scale;
  for (std::int32_t i = 0; i < config_.used; ++i) weights[i] *= factor;
}

}  // namespace seine::engine
