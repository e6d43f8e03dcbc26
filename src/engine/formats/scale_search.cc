#include "engine/formats/scale_search.h"

#include "engine/formats/blocks.h"

namespace seine::engine {
namespace {

// Distance of neighbouring candidates, in quanta of the largest magnitude, and how many to a side.
constexpr float kStep = 0.1f;
constexpr int kSide = 9;

float extreme(const float* x, int count) {
  float found = 0.0f;
  for (int i = 0; i < count; ++i) {
    if (std::fabs(x[i]) > std::fabs(found)) found = x[i];
  }
  return found;
}

// For quanta fixed, the best scale is xq/qq and the error falls by xq^2/qq.
struct Fit {
  float scale = 0.0f;
  float gain = -1.0f;
  void offer(float xq, float qq) {
    if (qq <= 0.0f || xq * xq <= gain * qq) return;
    scale = xq / qq;
    gain = xq * xq / qq;
  }
};

}  // namespace

float search_symmetric(const float* x, const float* weight, int count, int low, int high) {
  const float peak = extreme(x, count);
  if (peak == 0.0f) return 0.0f;
  Fit best;
  const auto attempt = [&](float inverse_scale) {
    float xq = 0.0f;
    float qq = 0.0f;
    for (int i = 0; i < count; ++i) {
      const auto q = static_cast<float>(quantum(x[i] * inverse_scale, low, high));
      xq += weight[i] * x[i] * q;
      qq += weight[i] * q * q;
    }
    best.offer(xq, qq);
  };
  // The longer side is the negative one: the extreme goes there first, whatever its sign.
  for (int k = -kSide; k <= kSide; ++k) {
    attempt((static_cast<float>(low) + kStep * static_cast<float>(k)) / peak);
    attempt((static_cast<float>(high) + kStep * static_cast<float>(k)) / peak);
  }
  return std::isfinite(best.scale) && best.scale != 0.0f ? best.scale
                                                         : peak / static_cast<float>(low);
}

ScaleAndMin search_affine(const float* x, const float* weight, int count, int high,
                          bool min_not_negative) {
  float low_x = x[0];
  float high_x = x[0];
  float sum_w = 0.0f;
  float sum_x = 0.0f;
  float sum_xx = 0.0f;
  for (int i = 0; i < count; ++i) {
    low_x = std::min(low_x, x[i]);
    high_x = std::max(high_x, x[i]);
    sum_w += weight[i];
    sum_x += weight[i] * x[i];
    sum_xx += weight[i] * x[i] * x[i];
  }
  if (min_not_negative) low_x = std::min(low_x, 0.0f);
  const auto steps = static_cast<float>(high);
  ScaleAndMin best{(high_x - low_x) / steps, -low_x};
  if (high_x == low_x) return {0.0f, -low_x};
  float best_error = std::numeric_limits<float>::max();
  for (int k = -kSide; k <= kSide; ++k) {
    const float inverse_scale = (steps + kStep * static_cast<float>(k)) / (high_x - low_x);
    float sum_q = 0.0f;
    float sum_qq = 0.0f;
    float sum_xq = 0.0f;
    for (int i = 0; i < count; ++i) {
      const auto q = static_cast<float>(quantum((x[i] - low_x) * inverse_scale, 0, high));
      sum_q += weight[i] * q;
      sum_qq += weight[i] * q * q;
      sum_xq += weight[i] * x[i] * q;
    }
    // Normal equations of x ~ s q + b.
    const float determinant = sum_w * sum_qq - sum_q * sum_q;
    if (!(determinant > 0.0f)) continue;
    float s = (sum_w * sum_xq - sum_x * sum_q) / determinant;
    float b = (sum_qq * sum_x - sum_q * sum_xq) / determinant;
    if (min_not_negative && b > 0.0f) {
      b = 0.0f;
      s = sum_xq / sum_qq;
    }
    if (!(s > 0.0f)) continue;
    const float error = sum_xx + s * s * sum_qq + b * b * sum_w - 2 * s * sum_xq - 2 * b * sum_x +
                        2 * s * b * sum_q;
    if (error < best_error) {
      best_error = error;
      best = {s, -b};
    }
  }
  return best;
}

int nearest_iq4(float value) {
  // Borders halfway between neighbours of the table.
  int index = 0;
  for (int i = 0; i < 15; ++i) {
    index += value > 0.5f * static_cast<float>(kIq4Table[i] + kIq4Table[i + 1]) ? 1 : 0;
  }
  return index;
}

float search_iq4(const float* x, const float* weight, int count) {
  const float peak = extreme(x, count);
  if (peak == 0.0f) return 0.0f;
  Fit best;
  const auto attempt = [&](float inverse_scale) {
    float xq = 0.0f;
    float qq = 0.0f;
    for (int i = 0; i < count; ++i) {
      const auto q = static_cast<float>(kIq4Table[nearest_iq4(x[i] * inverse_scale)]);
      xq += weight[i] * x[i] * q;
      qq += weight[i] * q * q;
    }
    best.offer(xq, qq);
  };
  for (int k = -4; k <= 4; ++k) {
    attempt((-127.0f + 5.0f * static_cast<float>(k)) / peak);
    attempt((113.0f + 5.0f * static_cast<float>(k)) / peak);
  }
  return std::isfinite(best.scale) ? best.scale : 0.0f;
}

}  // namespace seine::engine
