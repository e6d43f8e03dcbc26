// What `seine model synth` writes opens as a model of the promised shape, types and vocabulary.
#include "engine/formats/synth_model.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/formats/model_file.h"
#include "engine/formats/test_dir.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {
namespace {

TEST(SynthModel, OpensWithItsShapeTypesAndTokenizer) {
  const TestDir dir;
  base::SeededRandom random(1);
  for (const std::string_view shape : {"tiny-qwen2", "tiny-deepseek2"}) {
    const auto path = dir.path() / shape;
    const auto report = synth_model(shape, path, {.mixture = Mixture::kQ4_K_M}, random);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    const auto file = ModelFile::open(path);
    ASSERT_TRUE(file.has_value()) << file.error().message;
    std::uint64_t bytes = 0;
    for (const Tensor& tensor : (*file)->tensors()) bytes += tensor.bytes();
    EXPECT_EQ(bytes, report->bytes);
    const Tensor* up = (*file)->find("blk.0.ffn_up.weight");
    ASSERT_NE(up, nullptr);
    EXPECT_EQ(up->dtype, DType::kQ4_K);
    EXPECT_EQ((*file)->find("output.weight")->dtype, DType::kQ6_K);

    std::vector<float> values(up->elements());
    up->read_f32(0, up->rows(), values.data());
    double squares = 0;
    for (const float value : values) squares += double{value} * value;
    // A product with inputs of variance 1 has variance 1.
    EXPECT_NEAR(squares / static_cast<double>(up->rows()), 1, 0.05);

    const auto tokenizer = Tokenizer::of_model(**file);
    ASSERT_TRUE(tokenizer.has_value()) << tokenizer.error().message;
    EXPECT_EQ((*tokenizer)->size(), 1024u);
  }
}

TEST(SynthModel, AMixtureMayReachTheHead) {
  const TestDir dir;
  base::SeededRandom random(1);
  const auto path = dir.path() / "pure";
  ASSERT_TRUE(synth_model("tiny-qwen2", path, {.mixture = Mixture::kQ4_0, .pure = true}, random));
  const auto file = ModelFile::open(path);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_EQ((*file)->find("output.weight")->dtype, DType::kQ4_0);
}

TEST(SynthModel, RefusesAnUnknownShapeAndLeavesNothingWhenCancelled) {
  const TestDir dir;
  base::SeededRandom random(1);
  const auto unknown = synth_model("r9", dir.path() / "x", {}, random);
  ASSERT_FALSE(unknown.has_value());
  EXPECT_NE(unknown.error().message.find("r1-qwen-1.5b"), std::string::npos);
  const SynthOptions stop{
      .progress = [](std::uint64_t done, std::uint64_t total) { return done < total / 2; }};
  const auto cancelled = synth_model("tiny-qwen2", dir.path() / "x", stop, random);
  ASSERT_FALSE(cancelled.has_value());
  EXPECT_EQ(cancelled.error().code, base::Code::kCancelled);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

}  // namespace
}  // namespace seine::engine
