// Every row of VectorOps against the plain one, over odd sizes, and the promise that a result does
// not depend on its neighbours.
#include "engine/ops/vector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/kernels/table.h"
#include "engine/kernels/test_noise.h"

namespace seine::engine {
namespace {

// Eight bits, so that rows which round to bf16 have nothing to round.
std::vector<float> short_noise(std::int64_t count, std::uint64_t seed) {
  std::vector<float> out = test_noise(count, seed);
  for (float& v : out) v = std::nearbyint(v * 128) / 128;
  return out;
}

class VectorRow : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    const bool can = GetParam() == "avx2"         ? __builtin_cpu_supports("avx2") != 0
                     : GetParam() == "avx512"     ? __builtin_cpu_supports("avx512bw") != 0
                     : GetParam() == "amx prompt" ? kernels_of("amx").has_value()
                                                  : true;
    if (!can) GTEST_SKIP() << "this processor cannot run " << GetParam();
  }
  const VectorOps& ops() { return vector_ops_for(GetParam()); }
};

TEST_P(VectorRow, InnerProductsAndNorms) {
  for (const std::int64_t n : {1, 15, 16, 17, 31, 33, 64, 100, 448, 1031}) {
    const auto a = test_noise(n, 1);
    const auto b = test_noise(n, 2);
    EXPECT_NEAR(ops().dot(a.data(), b.data(), n), kRefVectorOps.dot(a.data(), b.data(), n), 1e-4);
    std::vector<float> got(a.size());
    std::vector<float> want(a.size());
    for (const float* w : {b.data(), static_cast<const float*>(nullptr)}) {
      ops().rmsnorm(a.data(), w, n, 1e-6f, got.data());
      kRefVectorOps.rmsnorm(a.data(), w, n, 1e-6f, want.data());
      for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-5) << n;
    }
  }
}

TEST_P(VectorRow, SiluTimesUp) {
  for (const std::int64_t n : {1, 16, 37, 224}) {
    auto got = test_noise(n, 3, 30);
    auto want = got;
    const auto up = test_noise(n, 4);
    ops().silu_mul(got.data(), up.data(), n);
    kRefVectorOps.silu_mul(want.data(), up.data(), n);
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_NEAR(got[i], want[i], 1e-6 + 1e-6 * std::fabs(want[i]));
    }
  }
  float far[2] = {-200.0f, 200.0f};
  const float ones[2] = {1, 1};
  ops().silu_mul(far, ones, 2);
  EXPECT_NEAR(far[0], 0.0f, 1e-30);
  EXPECT_EQ(far[1], 200.0f);
}

TEST_P(VectorRow, ATileJoinsARunningSoftmax) {
  const float none = -std::numeric_limits<float>::infinity();
  for (const std::int32_t valid : {1, 15, 16, 40, 63, 64}) {
    for (const float before : {none, -200.0f, 0.5f, 95.0f}) {
      const auto scores = test_noise(kTileKeys, 5, 90);
      auto x = scores;
      auto want = scores;
      float max = before;
      float total = before == none ? 0.0f : 3.0f;
      float want_max = max;
      float want_total = total;
      const float factor = ops().fold_tile(x.data(), valid, &max, &total);
      const float want_factor = kRefVectorOps.fold_tile(want.data(), valid, &want_max, &want_total);
      EXPECT_EQ(max, want_max);
      EXPECT_EQ(max, std::max(before, *std::max_element(scores.begin(), scores.begin() + valid)));
      EXPECT_NEAR(total, want_total, 2e-6 * want_total);
      EXPECT_NEAR(factor, want_factor, 1e-37 + 1e-6 * want_factor);
      if (max == before) EXPECT_EQ(factor, 1.0f);
      if (before == none) EXPECT_EQ(factor, 0.0f);
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_NEAR(x[i], want[i], 1e-37 + 1e-6 * want[i]);
        if (i >= static_cast<std::size_t>(valid)) ASSERT_EQ(x[i], 0.0f);
      }
    }
  }
  auto y = test_noise(37, 6);
  const auto before = y;
  ops().shrink(0.25f, y.data(), 37);
  for (std::size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], 0.25f * before[i]);
}

TEST_P(VectorRow, ScoresAndSumsOverKeys) {
  for (const std::int32_t width : {16, 48, 160, 576}) {
    for (const std::int32_t keys : {1, 3, 4, 61, 64}) {
      for (const std::int32_t queries : {1, 2, 5, 16, 23, 40}) {
        const auto q = short_noise(queries * width, 6);
        const auto k = short_noise(keys * width, 7);
        const auto weights = short_noise(queries * kTileKeys, 12);
        std::vector<float> got(static_cast<std::size_t>(queries * kTileKeys), 0.0f);
        std::vector<float> want = got;
        ops().scores(q.data(), queries, k.data(), keys, width, 0.25f, got.data());
        kRefVectorOps.scores(q.data(), queries, k.data(), keys, width, 0.25f, want.data());
        for (std::size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-5);
        auto out = test_noise(queries * width, 8);
        auto want_out = out;
        ops().weighted_sum(weights.data(), queries, k.data(), width, keys, width, out.data(),
                           width);
        kRefVectorOps.weighted_sum(weights.data(), queries, k.data(), width, keys, width,
                                   want_out.data(), width);
        for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], want_out[i], 2e-5);
      }
    }
  }
}

TEST_P(VectorRow, AQueryHasTheSameBitsInAnyCompany) {
  constexpr std::int32_t kWidth = 96;
  constexpr std::int32_t kKeys = 50;
  constexpr std::int32_t kQueries = 7;
  const auto q = test_noise(kQueries * kWidth, 9);
  const auto k = test_noise(kKeys * kWidth, 10);
  std::vector<float> all(kQueries * kTileKeys);
  std::vector<float> sums(kQueries * kWidth);
  ops().scores(q.data(), kQueries, k.data(), kKeys, kWidth, 1.0f, all.data());
  ops().weighted_sum(all.data(), kQueries, k.data(), kWidth, kKeys, kWidth, sums.data(), kWidth);
  for (std::int32_t i = 0; i < kQueries; ++i) {
    std::vector<float> alone(kTileKeys);
    std::vector<float> sum(kWidth);
    for (const std::int32_t first : {0, 1, 2, 3}) {
      ops().scores(q.data() + i * kWidth, 1, k.data() + first * kWidth, kKeys - first, kWidth, 1.0f,
                   alone.data());
      EXPECT_EQ(std::memcmp(alone.data(), all.data() + i * kTileKeys + first,
                            sizeof(float) * static_cast<std::size_t>(kKeys - first)),
                0);
    }
    ops().weighted_sum(all.data() + i * kTileKeys, 1, k.data(), kWidth, kKeys, kWidth, sum.data(),
                       kWidth);
    EXPECT_EQ(std::memcmp(sum.data(), sums.data() + i * kWidth, sizeof(float) * kWidth), 0);
  }
}

TEST_P(VectorRow, HalvesAndBytes) {
  for (const std::int32_t n : {1, 16, 45}) {
    auto in = test_noise(n, 11, 100);
    in[0] = 1e9f;
    std::vector<std::byte> got(static_cast<std::size_t>(2 * n));
    std::vector<std::byte> want = got;
    ops().to_f16(in.data(), n, got.data());
    kRefVectorOps.to_f16(in.data(), n, want.data());
    EXPECT_EQ(got, want);
    std::vector<float> a(in.size());
    std::vector<float> b(in.size());
    ops().from_f16(got.data(), n, a.data());
    kRefVectorOps.from_f16(got.data(), n, b.data());
    EXPECT_EQ(a, b);
    ops().from_i8(got.data(), 0.5f, n, a.data());
    kRefVectorOps.from_i8(got.data(), 0.5f, n, b.data());
    EXPECT_EQ(a, b);
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, VectorRow, testing::Values("ref", "avx2", "avx512", "amx prompt"));

}  // namespace
}  // namespace seine::engine
