#include "base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace seine::base {
namespace {

TEST(Random, SeededIsReproducibleAndMatchesTheAlgorithm) {
  SeededRandom a(42);
  SeededRandom b(42);
  SeededRandom c(43);
  const std::uint64_t first = a.next_u64();
  EXPECT_EQ(first, b.next_u64());
  EXPECT_NE(first, c.next_u64());
  // First output of xoshiro256** with its state from splitmix64(42): rotl(s1 * 5, 7) * 9.
  EXPECT_EQ(first, 1546998764402558742u);
}

TEST(Random, BelowIsUniform) {
  SeededRandom random(1);
  std::array<int, 10> counts{};
  for (int i = 0; i < 100'000; ++i) ++counts[random.below(10)];
  // Chi-squared with 9 degrees of freedom: 27.9 is the 0.1 % point.
  double chi = 0;
  for (const int n : counts) chi += (n - 1e4) * (n - 1e4) / 1e4;
  EXPECT_LT(chi, 27.9);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, UniformStaysInRange) {
  SeededRandom random(2);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double u = random.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 1e4, 0.5, 0.02);
}

TEST(Random, SystemFillsEveryByte) {
  SystemRandom random;
  std::vector<std::byte> seen(100, std::byte{0});
  for (int round = 0; round < 20; ++round) {
    std::vector<std::byte> out(100, std::byte{0});
    random.fill(out);
    for (std::size_t i = 0; i < out.size(); ++i) seen[i] |= out[i];
  }
  for (const std::byte b : seen) EXPECT_NE(b, std::byte{0});
}

}  // namespace
}  // namespace seine::base
