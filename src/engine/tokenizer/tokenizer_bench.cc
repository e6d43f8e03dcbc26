// Encoding speed on one core, in bytes of text per second, with a cache per thread as a server has.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "engine/formats/mapped_file.h"
#include "engine/tokenizer/tokenizer.h"

namespace {

using namespace seine::engine;

std::filesystem::path shared_data() {
  const char* shared = std::getenv("SEINE_SHARED");
  return std::filesystem::path(shared != nullptr ? shared : SEINE_SOURCE_DIR "/../shared") /
         "data" / "tokenizers";
}

std::shared_ptr<const Tokenizer> load(const std::string& name) {
  const auto read = [](const std::filesystem::path& path) {
    return read_text_file(path, std::uint64_t{64} << 20).value();
  };
  if (name == "qwen2" || name == "deepseek-v3") {  // V3's own vocabulary is not among the data
    return Tokenizer::of_tiktoken(read(shared_data() / "qwen.tiktoken"), name, false).value();
  }
  if (name == "llama-bpe") {
    return Tokenizer::of_tiktoken(read(shared_data() / "llama3.tiktoken"), "llama-bpe", true)
        .value();
  }
  const auto file = ModelFile::open(shared_data() / ("ggml-vocab-" + name + ".gguf"));
  return Tokenizer::of_gguf((*file)->metadata()).value();
}

// Four MiB of prose: SEINE_PROSE names a file, else the licence text of the repository repeated.
std::string prose() {
  const char* path = std::getenv("SEINE_PROSE");
  const std::string once =
      read_text_file(path != nullptr ? path : SEINE_SOURCE_DIR "/LICENSE", std::uint64_t{64} << 20)
          .value();
  std::string out;
  while (out.size() < (std::size_t{4} << 20)) out += once;
  return out;
}

void encode_prose(benchmark::State& state, const std::string& name) {
  if (!std::filesystem::exists(shared_data())) {
    state.SkipWithError("no ../shared");
    return;
  }
  const auto tokenizer = load(name);
  const std::string text = prose();
  PieceCache cache;
  std::vector<TokenId> out;
  for (auto _ : state) {
    out.clear();
    tokenizer->encode(text, {}, cache, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) *
                          static_cast<std::int64_t>(state.iterations()));
  state.counters["bytes_per_token"] =
      static_cast<double>(text.size()) / static_cast<double>(out.size());
}

// One piece without a break: the worst case of the merge loop, per length.
void encode_one_word(benchmark::State& state) {
  if (!std::filesystem::exists(shared_data())) {
    state.SkipWithError("no ../shared");
    return;
  }
  static const auto tokenizer = load("deepseek-llm");
  std::mt19937 random(1);
  std::string text;
  for (std::int64_t i = 0; i < state.range(0); ++i) text += static_cast<char>('a' + random() % 26);
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer->encode(text));
  state.SetBytesProcessed(state.range(0) * static_cast<std::int64_t>(state.iterations()));
}

BENCHMARK_CAPTURE(encode_prose, deepseek_llm, "deepseek-llm");
BENCHMARK_CAPTURE(encode_prose, deepseek_coder, "deepseek-coder");
BENCHMARK_CAPTURE(encode_prose, deepseek_v3, "deepseek-v3");
BENCHMARK_CAPTURE(encode_prose, qwen2, "qwen2");
BENCHMARK_CAPTURE(encode_prose, llama_bpe, "llama-bpe");
BENCHMARK_CAPTURE(encode_prose, gpt_2, "gpt-2");
BENCHMARK_CAPTURE(encode_prose, llama_spm, "llama-spm");
BENCHMARK(encode_one_word)->Range(1 << 10, 1 << 20);

}  // namespace
