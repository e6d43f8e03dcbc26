#include "engine/measure/importance.h"

#include <gtest/gtest.h>

#include "engine/formats/test_dir.h"
#include "engine/model/tiny_file.h"

namespace seine::engine {
namespace {

std::string some_text() {
  std::string out;
  for (int i = 0; i < 120; ++i) out += " word " + std::to_string(i * 37 % 91);
  return out;
}

class Importance : public testing::Test {
 protected:
  std::shared_ptr<const ModelFile> open(const SynthShape& shape) {
    const tiny::File file(shape, directory_.path());
    return ModelFile::open(file.path()).value();
  }
  ImportanceMatrix measure(const std::shared_ptr<const ModelFile>& file) {
    auto made = measure_importance(file, some_text(), pool_, {.window = 48});
    EXPECT_TRUE(made) << made.error().message;
    return made ? *std::move(made) : ImportanceMatrix();
  }

  TestDir directory_;
  ThreadPool pool_{2};
};

TEST_F(Importance, IsMeasuredForEveryWeightThatIsMultiplied) {
  for (const SynthShape* shape : {&tiny::kQwen, &tiny::kDeepSeek}) {
    const auto file = open(*shape);
    const ImportanceMatrix all = measure(file);
    for (const Tensor& tensor : file->tensors()) {
      // The table is looked up and the router is no product of the kernels.
      if (tensor.shape.size() < 2 || tensor.name == "token_embd.weight" ||
          tensor.name.find("ffn_gate_inp") != std::string::npos) {
        EXPECT_FALSE(all.contains(tensor.name)) << tensor.name;
        continue;
      }
      ASSERT_TRUE(all.contains(tensor.name)) << tensor.name;
      const std::vector<float>& values = all.at(tensor.name);
      const std::uint64_t matrices = tensor.shape.size() == 3 ? tensor.shape[0] : 1;
      EXPECT_EQ(values.size(), matrices * tensor.columns()) << tensor.name;
      for (const float value : values) ASSERT_GT(value, 0) << tensor.name;
    }
  }
}

TEST_F(Importance, WeighsTheErrorsOfTheQuantiser) {
  const auto file = open(tiny::kQwen);
  const ImportanceMatrix all = measure(file);
  const auto weighted_error = [&](const ImportanceMatrix* given) {
    const auto path = directory_.path() / "out.gguf";
    EXPECT_TRUE(quantize_model(*file, path, {.mixture = Mixture::kQ4_0, .importance = given}));
    const auto out = ModelFile::open(path).value();
    double error = 0;
    for (const auto& [name, importance] : all) {
      const Tensor* before = file->find(name);
      const Tensor* after = out->find(name);
      std::vector<float> a(before->columns());
      std::vector<float> b(before->columns());
      for (std::uint64_t row = 0; row < before->rows(); ++row) {
        before->read_f32(row, 1, a.data());
        after->read_f32(row, 1, b.data());
        for (std::size_t i = 0; i < a.size(); ++i) {
          const double miss = double{a[i]} - b[i];
          error += miss * miss * importance[i];
        }
      }
    }
    return error;
  };
  EXPECT_LT(weighted_error(&all), weighted_error(nullptr));
}

TEST_F(Importance, AnEmptyTextAndACancelAreErrors) {
  const auto file = open(tiny::kQwen);
  EXPECT_EQ(measure_importance(file, "", pool_, {}).error().code, base::Code::kInvalidArgument);
  const auto stopped = measure_importance(
      file, some_text(), pool_,
      {.window = 16, .progress = [](std::uint64_t, std::uint64_t) { return false; }});
  EXPECT_EQ(stopped.error().code, base::Code::kCancelled);
}

}  // namespace
}  // namespace seine::engine
