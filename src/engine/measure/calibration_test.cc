#include "engine/measure/calibration.h"

#include <gtest/gtest.h>

#include "engine/formats/quantize_model.h"
#include "engine/formats/test_dir.h"
#include "engine/model/tiny_file.h"

namespace seine::engine {
namespace {

std::string some_text() {
  std::string out;
  for (int i = 0; i < 120; ++i) out += " word " + std::to_string(i * 37 % 91);
  return out;
}

class Calibrated : public testing::Test {
 protected:
  std::shared_ptr<const ModelFile> open(const SynthShape& shape) {
    const tiny::File file(shape, directory_.path());
    return ModelFile::open(file.path()).value();
  }
  std::unique_ptr<Calibration> calibration(const std::shared_ptr<const ModelFile>& file,
                                           std::uint64_t bytes_max) {
    auto made = Calibration::create(file, some_text(), pool_,
                                    {.window = 48, .moments_bytes_max = bytes_max});
    EXPECT_TRUE(made) << made.error().message;
    return *std::move(made);
  }

  TestDir directory_;
  ThreadPool pool_{2};
};

TEST_F(Calibrated, KnowsTheInputsOfEveryWeightThatIsMultiplied) {
  for (const SynthShape* shape : {&tiny::kQwen, &tiny::kDeepSeek}) {
    const auto file = open(*shape);
    const auto at_once = calibration(file, 1 << 30);
    const auto one_by_one = calibration(file, 1);
    for (const Tensor& tensor : file->tensors()) {
      if (tensor.shape.size() < 2) continue;
      const auto moments = at_once->of(tensor).value();
      // The table is looked up and the router is no product of the kernels.
      if (tensor.name == "token_embd.weight" ||
          tensor.name.find("ffn_gate_inp") != std::string::npos) {
        EXPECT_TRUE(moments.empty()) << tensor.name;
        continue;
      }
      const std::uint64_t matrices = tensor.shape.size() == 3 ? tensor.shape[0] : 1;
      ASSERT_EQ(moments.size(), matrices) << tensor.name;
      for (const InputMoments* const known : moments) {
        ASSERT_NE(known, nullptr) << tensor.name;
        const InputMoments& of = *known;
        ASSERT_EQ(of.columns(), tensor.columns()) << tensor.name;
        for (std::size_t s = 0; s < of.stretches(); ++s) {
          const std::size_t n = of.width(s);
          for (std::size_t i = 0; i < n; ++i) {
            EXPECT_GT(of.products(s)[i * n + i], 0) << tensor.name;
            for (std::size_t j = 0; j < n; ++j)
              ASSERT_NEAR(of.products(s)[i * n + j], of.products(s)[j * n + i], 1e-4)
                  << tensor.name;
          }
        }
      }
      const float some = moments.front()->products(0)[1];
      // The next of() may measure others.
      const auto again = one_by_one->of(tensor).value();
      EXPECT_EQ(again.front()->products(0)[1], some) << tensor.name;
    }
  }
}

TEST_F(Calibrated, QuantisesWithLessErrorInTheOutputs) {
  const auto file = open(tiny::kQwen);
  const auto inputs = calibration(file, 1 << 30);
  const auto output_error = [&](MomentsSource* given) {
    const auto path = directory_.path() / "out.gguf";
    EXPECT_TRUE(quantize_model(*file, path, {.mixture = Mixture::kQ4_0, .inputs = given}));
    const auto out = ModelFile::open(path).value();
    double error = 0;
    for (const Tensor& tensor : file->tensors()) {
      if (tensor.shape.size() < 2) continue;
      const Tensor* after = out->find(tensor.name);
      const auto known = inputs->of(tensor).value();
      if (known.empty()) continue;
      const InputMoments& moments = *known.front();
      std::vector<float> miss(tensor.columns());
      std::vector<float> is(tensor.columns());
      for (std::uint64_t row = 0; row < tensor.rows(); ++row) {
        tensor.read_f32(row, 1, miss.data());
        after->read_f32(row, 1, is.data());
        for (std::size_t i = 0; i < is.size(); ++i) miss[i] -= is[i];
        for (std::size_t s = 0; s < moments.stretches(); ++s) {
          const std::size_t n = moments.width(s);
          const float* of = miss.data() + s * kStretch;
          for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j)
              error += double{of[i]} * of[j] * moments.products(s)[i * n + j];
          }
        }
      }
    }
    return error;
  };
  EXPECT_LT(output_error(inputs.get()), 0.8 * output_error(nullptr));
}

TEST_F(Calibrated, AnEmptyTextAndACancelAreErrors) {
  const auto file = open(tiny::kQwen);
  EXPECT_EQ(Calibration::create(file, "", pool_, {}).error().code, base::Code::kInvalidArgument);
  const auto stopped = Calibration::create(
      file, some_text(), pool_,
      {.window = 16, .progress = [](std::uint64_t, std::uint64_t) { return false; }});
  EXPECT_EQ((*stopped)->of(*file->find("blk.0.attn_q.weight")).error().code,
            base::Code::kCancelled);
}

}  // namespace
}  // namespace seine::engine
