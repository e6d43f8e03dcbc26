#include "engine/formats/quantize_k.h"

#include <cmath>

#include "engine/formats/half.h"
#include "engine/formats/scale_search.h"

namespace seine::engine {
namespace {

constexpr int kSubBlocks = 8;  // of 32 weights

struct AffineBlock {
  std::uint16_t d;
  std::uint16_t dmin;
  int scale[kSubBlocks];  // 0..63
  int min[kSubBlocks];
  int q[256];

  float step(int i) const { return f16_to_f32(d) * static_cast<float>(scale[i]); }
  float offset(int i) const { return f16_to_f32(dmin) * static_cast<float>(min[i]); }

  // Quanta for the scales as they stand; returns the weighted squared error.
  float assign(const float* x, const float* weight, int most) {
    float error = 0.0f;
    for (int i = 0; i < kSubBlocks; ++i) {
      const float s = step(i);
      const float m = offset(i);
      const float inv = inverse(s);
      for (int j = i * 32; j < i * 32 + 32; ++j) {
        q[j] = quantum((x[j] + m) * inv, 0, most);
        const float miss = s * static_cast<float>(q[j]) - m - x[j];
        error += weight[j] * miss * miss;
      }
    }
    return error;
  }
};

// With quanta and six-bit numbers fixed, d and dmin are a least-squares problem in two unknowns:
// x ~ d (sc q) - dmin mn.
void refit(const float* x, const float* weight, AffineBlock& block) {
  float aa = 0, ab = 0, bb = 0, ax = 0, bx = 0;
  for (int j = 0; j < 256; ++j) {
    const auto a = static_cast<float>(block.scale[j / 32] * block.q[j]);
    const auto b = static_cast<float>(-block.min[j / 32]);
    aa += weight[j] * a * a;
    ab += weight[j] * a * b;
    bb += weight[j] * b * b;
    ax += weight[j] * a * x[j];
    bx += weight[j] * b * x[j];
  }
  const float determinant = aa * bb - ab * ab;
  float d = 0;
  float dmin = 0;
  if (determinant > 1e-6f * aa * bb && bb > 0) {
    d = (bb * ax - ab * bx) / determinant;
    dmin = (aa * bx - ab * ax) / determinant;
  } else if (aa > 0) {
    d = ax / aa;
  }
  if (!(d > 0) || !(dmin >= 0)) return;
  block.d = half_scale(d);
  block.dmin = half_scale(dmin);
}

AffineBlock fit_affine(const float* x, const float* weight, int most) {
  ScaleAndMin found[kSubBlocks];
  float scale_max = 0.0f;
  float min_max = 0.0f;
  for (int i = 0; i < kSubBlocks; ++i) {
    found[i] = search_affine(x + i * 32, weight + i * 32, 32, most, true);
    // A constant sub-block comes back with a zero scale; a positive constant needs one.
    if (found[i].min < 0.0f) found[i] = {-found[i].min / static_cast<float>(most), 0.0f};
    scale_max = std::max(scale_max, found[i].scale);
    min_max = std::max(min_max, found[i].min);
  }
  AffineBlock block;
  block.d = half_scale(scale_max / 63.0f);
  block.dmin = half_scale(min_max / 63.0f);
  const float inv_d = inverse(f16_to_f32(block.d));
  const float inv_dmin = inverse(f16_to_f32(block.dmin));
  for (int i = 0; i < kSubBlocks; ++i) {
    block.scale[i] = quantum(found[i].scale * inv_d, 0, 63);
    block.min[i] = quantum(found[i].min * inv_dmin, 0, 63);
  }
  float error = block.assign(x, weight, most);
  AffineBlock refined = block;
  refit(x, weight, refined);
  if (refined.assign(x, weight, most) < error) block = refined;
  return block;
}

void pack_scale_min(const AffineBlock& block, std::uint8_t* b) {
  for (int j = 0; j < 4; ++j) {
    b[j] = static_cast<std::uint8_t>(block.scale[j] | (block.scale[j + 4] >> 4 << 6));
    b[j + 4] = static_cast<std::uint8_t>(block.min[j] | (block.min[j + 4] >> 4 << 6));
    b[j + 8] = static_cast<std::uint8_t>((block.scale[j + 4] & 15) | (block.min[j + 4] & 15) << 4);
  }
}

template <typename Block>
void fit_pairs(const float* x, const float* weight, int most, Block& block, CodeStep* steps) {
  const AffineBlock fitted = fit_affine(x, weight, most);
  block.d = fitted.d;
  block.dmin = fitted.dmin;
  pack_scale_min(fitted, block.scales);
  for (int i = 0; i < 16; ++i) steps[i] = {fitted.step(i / 2), -fitted.offset(i / 2)};
}

void pack_pairs(const int* q, std::uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    for (int l = 0; l < 32; ++l) {
      out[i * 32 + l] =
          static_cast<std::uint8_t>((q[i * 64 + l] & 15) | ((q[i * 64 + 32 + l] & 15) << 4));
    }
  }
}

}  // namespace

void fit(const float* x, const float* weight, BlockQ4_K& block, CodeStep* steps) {
  fit_pairs(x, weight, 15, block, steps);
}
void pack(const int* q, BlockQ4_K& block) {
  pack_pairs(q, block.q);
}

void fit(const float* x, const float* weight, BlockQ5_K& block, CodeStep* steps) {
  fit_pairs(x, weight, 31, block, steps);
}
void pack(const int* q, BlockQ5_K& block) {
  pack_pairs(q, block.q);
  for (int j = 0; j < 256; ++j) {
    std::uint8_t& high = block.high[j % 32];
    high = static_cast<std::uint8_t>(high | (q[j] >> 4 & 1) << (j / 32));
  }
}

void fit(const float* x, const float* weight, BlockQ6_K& block, CodeStep* steps) {
  float found[16];
  float peak = 0.0f;
  for (int i = 0; i < 16; ++i) {
    found[i] = search_symmetric(x + i * 16, weight + i * 16, 16, -32, 31);
    if (std::fabs(found[i]) > std::fabs(peak)) peak = found[i];
  }
  block.d = half_scale(peak / -128.0f);
  const float d = f16_to_f32(block.d);
  const float inv_d = inverse(d);
  for (int i = 0; i < 16; ++i) {
    block.scales[i] = static_cast<std::int8_t>(quantum(found[i] * inv_d, -128, 127));
    steps[i] = {d * static_cast<float>(block.scales[i]), 0.0f};
  }
}
void pack(const int* q, BlockQ6_K& block) {
  for (int j = 0; j < 256; ++j) {
    const int stored = q[j] + 32;
    const int half = j / 128;
    const int quarter = j % 128 / 32;
    const int l = j % 32;
    std::uint8_t& low = block.low[half * 64 + l + quarter % 2 * 32];
    low = static_cast<std::uint8_t>(low | (stored & 15) << (quarter < 2 ? 0 : 4));
    std::uint8_t& high = block.high[half * 32 + l];
    high = static_cast<std::uint8_t>(high | (stored >> 4) << (2 * quarter));
  }
}

void fit(const float* x, const float* weight, BlockIQ4_XS& block, CodeStep* steps) {
  float found[kSubBlocks];
  float peak = 0.0f;
  for (int i = 0; i < kSubBlocks; ++i) {
    found[i] = search_iq4(x + i * 32, weight + i * 32, 32);
    if (std::fabs(found[i]) > std::fabs(peak)) peak = found[i];
  }
  block.d = half_scale(peak / -32.0f);
  const float d = f16_to_f32(block.d);
  const float inv_d = inverse(d);
  for (int i = 0; i < kSubBlocks; ++i) {
    const int scale = quantum(found[i] * inv_d, -32, 31);
    const int stored = scale + 32;
    block.scales_low[i / 2] =
        static_cast<std::uint8_t>(block.scales_low[i / 2] | (stored & 15) << (4 * (i % 2)));
    block.scales_high = static_cast<std::uint16_t>(block.scales_high | (stored >> 4) << (2 * i));
    steps[2 * i] = steps[2 * i + 1] = {d * static_cast<float>(scale), 0.0f};
  }
}
void pack(const int* q, BlockIQ4_XS& block) {
  for (int i = 0; i < kSubBlocks; ++i) {
    for (int j = 0; j < 16; ++j)
      block.q[i * 16 + j] = static_cast<std::uint8_t>(q[i * 32 + j] | q[i * 32 + j + 16] << 4);
  }
}

}  // namespace seine::engine
