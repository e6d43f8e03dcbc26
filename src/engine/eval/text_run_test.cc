#include "engine/eval/text_run.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "engine/formats/llama2c.h"
#include "engine/formats/quantize_model.h"
#include "engine/formats/test_dir.h"
#include "engine/model/tiny_file.h"

namespace seine::engine {
namespace {

class TextRun : public testing::Test {
 protected:
  std::shared_ptr<const ModelFile> open(const SynthShape& shape) {
    const tiny::File file(shape, directory_.path());
    return ModelFile::open(file.path()).value();
  }
  static std::string text() {
    std::string out;
    for (int i = 0; i < 200; ++i) out += " some words " + std::to_string(i);
    return out;
  }

  TestDir directory_;
  ThreadPool pool_{2};
  const TextRunSettings settings_{.window = 64, .windows = 3, .isa = "ref"};
};

TEST_F(TextRun, AModelDoesNotDifferFromItself) {
  for (const SynthShape* shape : {&tiny::kQwen, &tiny::kDeepSeek}) {
    const auto file = open(*shape);
    const auto report = run_text(file, file, text(), pool_, settings_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->windows, 3U);
    EXPECT_EQ(report->tokens, 3U * 31);  // the second half but for the last, which is predicted
    EXPECT_EQ(report->perplexity, report->base_perplexity);
    EXPECT_LT(report->divergence_most, 1e-12);
    EXPECT_EQ(report->same_top, 100);
    EXPECT_GT(report->perplexity, 1);
  }
}

TEST_F(TextRun, FewerBitsDifferMore) {
  const auto file = open(tiny::kQwen);
  double last = 0;
  for (const Mixture mixture : {Mixture::kQ8_0, Mixture::kQ4_0}) {
    const auto path = directory_.path() / "q.gguf";
    ASSERT_TRUE(quantize_model(*file, path, {.mixture = mixture}));
    const auto report = run_text(ModelFile::open(path).value(), file, text(), pool_, settings_);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_GT(report->divergence, last);
    last = report->divergence;
  }
}

TEST_F(TextRun, ErrorsSayWhatIsWrong) {
  const auto qwen = open(tiny::kQwen);
  EXPECT_EQ(run_text(qwen, nullptr, "short", pool_, settings_).error().field, "--data");
  EXPECT_EQ(run_text(qwen, nullptr, text(), pool_, {.window = 1}).error().field, "window");
  SynthShape other = tiny::kQwen;
  other.vocabulary = 400;
  const TestDir elsewhere;
  const auto base = ModelFile::open(tiny::File(other, elsewhere.path()).path()).value();
  EXPECT_EQ(run_text(qwen, base, text(), pool_, settings_).error().field, "--base");
  const auto stopped =
      run_text(qwen, nullptr, text(), pool_,
               {.window = 64, .progress = [](std::size_t, std::size_t) { return false; }});
  EXPECT_EQ(stopped.error().code, base::Code::kCancelled);
}

// A model that really speaks finds its own kind of story likely, and loses little by 8 bits.
TEST_F(TextRun, AStoryTellerFindsStoriesLikely) {
  const char* shared = std::getenv("SEINE_SHARED");  // NOLINT(concurrency-mt-unsafe)
  const std::filesystem::path models =
      std::filesystem::path(shared != nullptr ? shared : SEINE_SOURCE_DIR "/../shared") /
      "data/models";
  if (!std::filesystem::exists(models / "stories260K.bin")) {
    GTEST_SKIP() << "skipped: no ../shared";
  }
  const auto story = Llama2c::read(models / "stories260K.bin", models / "tok512.bin").value();
  const auto path = directory_.path() / "story.gguf";
  ASSERT_TRUE(story.write_gguf(path));
  const auto file = ModelFile::open(path).value();
  std::string stories;
  for (int i = 0; i < 3; ++i) {
    stories +=
        "Once upon a time, there was a little girl named Lily. She loved to play outside in the "
        "park. One day, she saw a big, red ball. She wanted to play with it, but it was too high. "
        "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to "
        "do. ";
  }
  const auto packed = directory_.path() / "q8.gguf";
  ASSERT_TRUE(quantize_model(*file, packed, {.mixture = Mixture::kQ8_0}));
  const auto report = run_text(ModelFile::open(packed).value(), file, stories, pool_,
                               {.window = 128, .isa = "ref"});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_LT(report->base_perplexity, 12);
  EXPECT_NEAR(report->perplexity / report->base_perplexity, 1, 0.02);
  EXPECT_LT(report->divergence, 1e-3);
}

}  // namespace
}  // namespace seine::engine
