// A real model that speaks: stories260K wrapped as GGUF and as a Hugging Face directory must tell
// the same fluent story, token by token.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "engine/formats/llama2c.h"
#include "engine/formats/test_dir.h"
#include "engine/model/test_session.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {
namespace {

std::string tell(const std::filesystem::path& path, std::string_view isa) {
  const auto file = ModelFile::open(path);
  if (!file) {
    ADD_FAILURE() << file.error().message;
    return "";
  }
  const auto tokenizer = Tokenizer::of_model(**file);
  if (!tokenizer) {
    ADD_FAILURE() << tokenizer.error().message;
    return "";
  }
  TestSession session(*file, isa, {.batch_rows = 32, .logit_rows = 1});
  if (!session.ok()) return "";
  const std::vector<TokenId> start{1};
  return (*tokenizer)->decode(session.greedy(start, 200));
}

TEST(Stories, TheSameFluentStoryFromBothFormats) {
  // Tests run single-threaded at this point.
  const char* shared = std::getenv("SEINE_SHARED");  // NOLINT(concurrency-mt-unsafe)
  const std::filesystem::path models =
      std::filesystem::path(shared != nullptr ? shared : SEINE_SOURCE_DIR "/../shared") /
      "data/models";
  if (!std::filesystem::exists(models / "stories260K.bin")) {
    GTEST_SKIP() << "skipped: no ../shared";
  }
  const auto story = Llama2c::read(models / "stories260K.bin", models / "tok512.bin");
  ASSERT_TRUE(story) << story.error().message;
  const TestDir directory;
  ASSERT_TRUE(story->write_gguf(directory.path() / "story.gguf"));
  const std::filesystem::path hf = directory.path() / "hf";
  std::filesystem::create_directory(hf);
  ASSERT_TRUE(story->write_directory(hf));

  const std::string from_gguf = tell(directory.path() / "story.gguf", "ref");
  EXPECT_TRUE(from_gguf.starts_with(
      "Once upon a time, there was a little girl named Lily. She loved to play outside in the "
      "park. One day, she saw a big, red ball."))
      << from_gguf;
  EXPECT_EQ(tell(hf, "ref"), from_gguf);
}

}  // namespace
}  // namespace seine::engine
