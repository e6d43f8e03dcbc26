// The measurement itself: every part runs, and what it counts is what the model's shape says.
#include "engine/measure/speed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/formats/synth_model.h"
#include "engine/formats/test_dir.h"

namespace seine::engine {
namespace {

TEST(MeasureSpeed, CountsWhatOneTokenReadsAndMultiplies) {
  const TestDir dir;
  base::SeededRandom random(1);
  const auto path = dir.path() / "m.gguf";
  ASSERT_TRUE(synth_model("tiny-deepseek2", path, {.mixture = Mixture::kQ8_0}, random));
  const auto file = ModelFile::open(path);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  const auto report = measure_speed(
      *file, {.prompt = 5, .generate = 2, .streams = 3, .rounds = 2, .threads = 2}, random);
  ASSERT_TRUE(report.has_value()) << report.error().message;

  // Width 256, 3 layers, 4 heads of 64 + 32, latent 128, value 64; 2 of 8 experts and a shared one.
  constexpr std::uint64_t kAttention =
      384 * 256 + 160 * 256 + 4 * 128 * 64 + 4 * 64 * 128 + 256 * 256;
  constexpr std::uint64_t kDense = 3 * 512 * 256;
  constexpr std::uint64_t kExperts = 3 * 3 * 256 * 256 + 8 * 256;
  EXPECT_EQ(report->token_weights, 3 * kAttention + kDense + 2 * kExperts);
  EXPECT_GT(report->token_bytes, report->token_weights);
  EXPECT_LT(report->token_bytes, (*file)->tensor_bytes());

  ASSERT_EQ(report->speeds.size(), 4u);
  for (const Speed& speed : report->speeds) {
    EXPECT_EQ(speed.per_second.size(), 2u) << speed.name;
    EXPECT_GT(speed.median(), 0) << speed.name;
    EXPECT_GE(speed.best(), speed.median()) << speed.name;
    EXPECT_TRUE(std::isfinite(speed.share_of_multiplies)) << speed.name;
  }
  EXPECT_FALSE(report->limits.from_memory);

  const Speed& requests = report->speeds.back();
  EXPECT_EQ(requests.name, "concurrency");
  ASSERT_EQ(requests.first_token.size(), 3u);
  EXPECT_GT(requests.first_token.front(), 0);
  EXPECT_TRUE(std::ranges::is_sorted(requests.first_token));
  // Six tokens at the best rate: the last first token came before the end.
  EXPECT_LT(requests.first_token.back(), 6 / requests.best());
}

TEST(MeasureSpeed, RefusesAnEmptyMeasurement) {
  const TestDir dir;
  base::SeededRandom random(1);
  const auto path = dir.path() / "m.gguf";
  ASSERT_TRUE(synth_model("tiny-deepseek2", path, {}, random));
  const auto file = ModelFile::open(path);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_FALSE(measure_speed(*file, {.streams = 0}, random).has_value());
}

}  // namespace
}  // namespace seine::engine
