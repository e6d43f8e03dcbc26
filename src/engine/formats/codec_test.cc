#include "engine/formats/codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "engine/formats/blocks.h"
#include "engine/formats/half.h"

namespace seine::engine {
namespace {

std::vector<float> gaussian(std::size_t count, std::uint64_t seed) {
  base::SeededRandom random(seed);
  std::vector<float> out(count);
  for (float& value : out) {
    const double u = 1.0 - random.uniform();
    value = static_cast<float>(std::sqrt(-2 * std::log(u)) *
                               std::cos(6.283185307179586 * random.uniform()));
  }
  return out;
}

std::vector<float> round_trip(DType type, const std::vector<float>& in,
                              std::span<const ErrorFeedback> feedback = {}, std::size_t rows = 1) {
  std::vector<std::byte> bytes(row_bytes(type, in.size()).value());
  quantize_rows(type, in.data(), rows, feedback, bytes.data(), in.size() / rows);
  std::vector<float> out(in.size());
  dequantize_row(type, bytes.data(), out.data(), out.size());
  return out;
}

// As moments(i, j) of inputs i and j of a stretch say.
std::vector<ErrorFeedback> feedback_of(std::size_t columns, const auto& moments) {
  InputMoments inputs(columns);
  std::vector<ErrorFeedback> out;
  for (std::size_t s = 0; s < inputs.stretches(); ++s) {
    const std::size_t width = inputs.width(s);
    for (std::size_t i = 0; i < width; ++i) {
      for (std::size_t j = 0; j < width; ++j)
        inputs.products(s)[i * width + j] = moments(s * kStretch + i, s * kStretch + j);
    }
    out.push_back(error_feedback(inputs, s));
  }
  return out;
}

double relative_error(const std::vector<float>& in, const std::vector<float>& out,
                      const std::vector<float>& weight) {
  double error = 0;
  double total = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    error += weight[i] * (in[i] - out[i]) * (in[i] - out[i]);
    total += weight[i] * in[i] * in[i];
  }
  return std::sqrt(error / total);
}

TEST(Half, EveryHalfSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = f16_to_f32(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(value))));
    } else {
      ASSERT_EQ(f32_to_f16(value), half) << bits;
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(f32_to_f16(1.0f), 0x3C00);
  EXPECT_EQ(f32_to_f16(1.0f + 0x1p-11f), 0x3C00);
  EXPECT_EQ(f32_to_f16(1.0f + 0x3p-11f), 0x3C02);
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7C00);
  EXPECT_EQ(f32_to_f16(0x1p-25f), 0);
  EXPECT_EQ(f32_to_f16(0x1.1p-25f), 1);
  EXPECT_EQ(f32_to_bf16(1.0f + 0x1p-8f), 0x3F80);
  EXPECT_EQ(f32_to_bf16(1.0f + 0x3p-8f), 0x3F82);
}

TEST(Half, EveryE4m3SurvivesTheWayThroughFloat) {
  for (int bits = 0; bits < 256; ++bits) {
    const float value = e4m3_to_f32(static_cast<std::uint8_t>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(f32_to_e4m3(value), bits);
  }
  EXPECT_EQ(e4m3_to_f32(0x7E), 448.0f);
  EXPECT_EQ(f32_to_e4m3(1e9f), 0x7E);
  EXPECT_EQ(e4m3_to_f32(0x01), 0x1p-9f);
}

// Blocks whose bytes were computed by hand from the format's definition.
TEST(Codec, DecodesTheDocumentedBitLayouts) {
  std::vector<float> out(256);

  BlockQ4_0 q4{};
  q4.d = f32_to_f16(0.5f);
  q4.q[3] = 0xF1;
  dequantize_row(DType::kQ4_0, reinterpret_cast<std::byte*>(&q4), out.data(), 32);
  EXPECT_EQ(out[3], -3.5f);
  EXPECT_EQ(out[19], 3.5f);
  EXPECT_EQ(out[0], -4.0f);

  BlockQ5_0 q5{};
  q5.d = f32_to_f16(1.0f);
  q5.high[2] = 0x02;  // bit 17
  q5.q[1] = 0x30;
  dequantize_row(DType::kQ5_0, reinterpret_cast<std::byte*>(&q5), out.data(), 32);
  EXPECT_EQ(out[17], 3.0f);
  EXPECT_EQ(out[1], -16.0f);

  BlockQ4_K k4{};
  k4.d = f32_to_f16(1.0f);
  k4.dmin = f32_to_f16(0.5f);
  k4.scales[5] = 63;     // min of sub-block 1
  k4.scales[1] = 10;     // scale of sub-block 1
  k4.scales[2] = 0x80;   // upper bits of the scale of sub-block 6: 2 << 4
  k4.scales[10] = 0x05;  // lower bits of the same, its min 0
  k4.q[0] = 0x20;        // weight 32 is 2
  k4.q[96 + 4] = 0x07;   // weight 192 + 4 is 7
  dequantize_row(DType::kQ4_K, reinterpret_cast<std::byte*>(&k4), out.data(), 256);
  EXPECT_EQ(out[32], 2 * 10 - 31.5f);
  EXPECT_EQ(out[33], -31.5f);
  EXPECT_EQ(out[196], 7 * 37.0f);

  BlockQ6_K k6{};
  k6.d = f32_to_f16(1.0f);
  for (auto& scale : k6.scales) scale = 1;
  k6.scales[8 + 7] = -2;        // the last 16 of the second half
  k6.low[64 + 32 + 31] = 0xA0;  // weight 128 + 96 + 31, low nibble of it 10
  k6.high[32 + 31] = 0xC0;      // its upper bits 3
  dequantize_row(DType::kQ6_K, reinterpret_cast<std::byte*>(&k6), out.data(), 256);
  EXPECT_EQ(out[255], -2.0f * (58 - 32));
  EXPECT_EQ(out[0], -32.0f);

  BlockIQ4_XS xs{};
  xs.d = f32_to_f16(1.0f);
  xs.scales_low[1] = 0x50;  // sub-block 3
  xs.scales_high = 2 << 6;  // 2 << 4 | 5 = 37: 5
  xs.q[3 * 16] = 0x0F;
  dequantize_row(DType::kIQ4_XS, reinterpret_cast<std::byte*>(&xs), out.data(), 256);
  EXPECT_EQ(out[96], 5 * 113.0f);
  EXPECT_EQ(out[96 + 16], 5 * -127.0f);
}

struct Bound {
  DType type;
  double error;  // measured on this vector, rounded up by about 3 %
};

class Codecs : public ::testing::TestWithParam<Bound> {};

TEST_P(Codecs, KeepGaussianWeightsWithinTheirError) {
  const std::vector<float> in = gaussian(8192, 7);
  const std::vector<float> ones(in.size(), 1.0f);
  const double error = relative_error(in, round_trip(GetParam().type, in), ones);
  EXPECT_LT(error, GetParam().error) << dtype_name(GetParam().type);
  EXPECT_GT(error, GetParam().error * 0.8) << "the bound has become slack";
}

TEST_P(Codecs, SurviveOddInput) {
  const DType type = GetParam().type;
  for (const float fill : {0.0f, 1.0f, -3.0f, 1e-30f, 1e4f, -1e4f}) {
    const std::vector<float> in(256, fill);
    const std::vector<float> out = round_trip(type, in);
    for (const float value : out) {
      ASSERT_TRUE(std::isfinite(value)) << dtype_name(type) << " " << fill;
      ASSERT_NEAR(value, fill, std::fabs(fill) * 0.05 + 1e-20) << dtype_name(type);
    }
  }
  std::vector<float> hostile = gaussian(256, 3);
  hostile[5] = std::nanf("");
  hostile[70] = INFINITY;
  hostile[200] = 3e38f;
  hostile[201] = -3e38f;
  for (const float value : round_trip(type, hostile)) ASSERT_TRUE(std::isfinite(value));
  const auto feedback = feedback_of(hostile.size(), [](std::size_t i, std::size_t j) {
    if (i + j == 30) return std::nanf("");
    return i == j ? 1.0f : 0.99f;
  });
  for (const float value : round_trip(type, hostile, feedback)) ASSERT_TRUE(std::isfinite(value));
}

TEST_P(Codecs, ImportanceLowersTheWeightedError) {
  const DType type = GetParam().type;
  if (type == DType::kQ8_0) GTEST_SKIP() << "eight bits need no search";
  const std::size_t columns = 256;
  const std::vector<float> in = gaussian(kRowsTogether * columns, 11);
  std::vector<float> importance = gaussian(columns, 12);
  for (float& weight : importance) weight = std::exp(2 * weight);
  const auto feedback = feedback_of(
      columns, [&](std::size_t i, std::size_t j) { return i == j ? importance[i] : 0.0f; });
  std::vector<float> weight;  // of every row
  for (std::size_t r = 0; r < kRowsTogether; ++r)
    weight.insert(weight.end(), importance.begin(), importance.end());
  const double with = relative_error(in, round_trip(type, in, feedback, kRowsTogether), weight);
  const double without = relative_error(in, round_trip(type, in), weight);
  EXPECT_LT(with, without * 0.99) << dtype_name(type);
}

// Neighbours that vary together: one rounded up lets the next be rounded down.
TEST_P(Codecs, ErrorsAreMadeGoodWhereInputsVaryTogether) {
  const DType type = GetParam().type;
  // The second stretch is narrower, where blocks allow.
  const std::size_t columns = dtype_info(type).block == 256 ? 512 : 256 + 96;
  const auto moments = [](std::size_t i, std::size_t j) {
    const double apart = i < j ? static_cast<double>(j - i) : static_cast<double>(i - j);
    return static_cast<float>(std::pow(0.95, apart));
  };
  const auto output_error = [&](const std::vector<float>& in, const std::vector<float>& out) {
    double error = 0;
    for (std::size_t i = 0; i < in.size(); ++i) {
      for (std::size_t j = 0; j < in.size(); ++j)
        error += double{in[i] - out[i]} * (in[j] - out[j]) * moments(i, j);
    }
    return error;
  };
  const auto feedback = feedback_of(columns, moments);
  double with = 0;
  double without = 0;
  for (std::uint64_t seed = 20; seed < 24; ++seed) {
    const std::vector<float> in = gaussian(columns, seed);
    with += output_error(in, round_trip(type, in, feedback));
    without += output_error(in, round_trip(type, in));
  }
  EXPECT_LT(with, without * 0.5) << dtype_name(type);
}

INSTANTIATE_TEST_SUITE_P(Types, Codecs,
                         ::testing::Values(Bound{DType::kQ8_0, 0.0055}, Bound{DType::kQ4_0, 0.085},
                                           Bound{DType::kQ4_1, 0.08}, Bound{DType::kQ5_0, 0.043},
                                           Bound{DType::kQ5_1, 0.04}, Bound{DType::kQ4_K, 0.08},
                                           Bound{DType::kQ5_K, 0.04}, Bound{DType::kQ6_K, 0.02},
                                           Bound{DType::kIQ4_NL, 0.08},
                                           Bound{DType::kIQ4_XS, 0.085}),
                         [](const auto& info) { return std::string(dtype_name(info.param.type)); });

TEST(Codec, PlainFloatsAreExactOrRounded) {
  const std::vector<float> in = {0.0f, 1.0f, -2.5f, 1e-3f};
  EXPECT_EQ(round_trip(DType::kF32, in), in);
  EXPECT_EQ(round_trip(DType::kBF16, in)[2], -2.5f);
  EXPECT_NEAR(round_trip(DType::kF16, in)[3], 1e-3f, 1e-6f);
  EXPECT_EQ(round_trip(DType::kF8E4M3, in)[2], -2.5f);
}

}  // namespace
}  // namespace seine::engine
