#include "engine/formats/quantize_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "base/random.h"
#include "base/text.h"
#include "engine/formats/gguf_writer.h"
#include "engine/formats/llama2c.h"
#include "engine/formats/rope_order.h"
#include "engine/formats/test_dir.h"

namespace seine::engine {
namespace {

std::filesystem::path shared_models() {
  const char* shared = std::getenv("SEINE_SHARED");
  return std::filesystem::path(shared != nullptr ? shared : SEINE_SOURCE_DIR "/../shared") /
         "data" / "models";
}

// A made-up model whose rows exercise the fall-backs: 256 and 96 columns.
std::shared_ptr<const ModelFile> tiny_model(const TestDir& dir) {
  Metadata meta;
  meta.set("general.architecture", MetadataValue::of_string("llama"));
  meta.set("llama.block_count", MetadataValue::of_u32(8));
  meta.set("seine.rope.yarn_mscale", MetadataValue::of_f32(0.5f));
  std::vector<TensorDeclaration> tensors = {{"token_embd.weight", DType::kF32, {64, 256}},
                                            {"output.weight", DType::kF32, {64, 256}},
                                            {"output_norm.weight", DType::kF32, {256}}};
  for (int i = 0; i < 8; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    tensors.push_back({prefix + "attn_q.weight", DType::kF32, {256, 256}});
    tensors.push_back({prefix + "attn_v.weight", DType::kF32, {64, 256}});
    tensors.push_back({prefix + "ffn_down.weight", DType::kF32, {256, 96}});
    tensors.push_back({prefix + "attn_norm.weight", DType::kF32, {256}});
  }
  const auto path = dir.path() / "tiny.gguf";
  auto writer = GgufWriter::create(path, meta, tensors);
  base::SeededRandom random(5);
  for (const TensorDeclaration& tensor : tensors) {
    std::vector<float> values(element_count(tensor.shape).value());
    for (float& value : values) value = static_cast<float>(random.uniform() * 2 - 1);
    EXPECT_TRUE((*writer)->write(std::as_bytes(std::span(values))));
  }
  EXPECT_TRUE((*writer)->finish());
  return ModelFile::open(path).value();
}

TEST(QuantizeModel, FollowsTheMixtureAndItsFallBacks) {
  const TestDir dir;
  const auto source = tiny_model(dir);
  std::uint64_t last = 0;
  QuantizeOptions options{.mixture = Mixture::kQ4_K_M};
  options.progress = [&](const QuantizeProgress& progress) {
    EXPECT_GT(progress.done, last);
    last = progress.done;
    EXPECT_LE(progress.done, progress.total);
    return true;
  };
  const auto report = quantize_model(*source, dir.path() / "out.gguf", options);
  ASSERT_TRUE(report) << report.error().message;
  const auto out = ModelFile::open(dir.path() / "out.gguf").value();
  const auto type = [&](std::string_view name) { return out->find(name)->dtype; };
  EXPECT_EQ(type("output.weight"), DType::kQ6_K);
  EXPECT_EQ(type("token_embd.weight"), DType::kQ4_K);
  EXPECT_EQ(type("output_norm.weight"), DType::kF32);
  EXPECT_EQ(type("blk.0.attn_q.weight"), DType::kQ4_K);
  // Of eight layers: the first, the last, and every third from the second on are wide.
  const bool wide[8] = {true, false, false, true, false, false, true, true};
  for (int i = 0; i < 8; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    EXPECT_EQ(type(prefix + "attn_v.weight"), wide[i] ? DType::kQ6_K : DType::kQ4_K) << i;
    EXPECT_EQ(type(prefix + "ffn_down.weight"), wide[i] ? DType::kQ8_0 : DType::kQ5_0) << i;
  }
  EXPECT_EQ(out->metadata().get<std::uint32_t>("general.file_type").value(), 15u);
  EXPECT_EQ(report->bytes_after, out->tensor_bytes());
  EXPECT_EQ(report->bytes_before, source->tensor_bytes());
  EXPECT_EQ(report->weights * 2, report->bytes_as_bf16);
  EXPECT_LT(std::sqrt(report->squared_error / report->squared_sum), 0.08);
  EXPECT_EQ(last, report->weights);
}

// Every type there is to compute with, written by name and read again as a source.
TEST(QuantizeModel, EveryTypeIsWrittenAndRead) {
  struct Bulk {
    DType type;
    double error_max;  // of uniform weights, root of the mean square
  };
  const std::map<std::string_view, Bulk> bulks = {
      {"f32", {DType::kF32, 0}},          {"f16", {DType::kF16, 3e-4}},
      {"bf16", {DType::kBF16, 3e-3}},     {"q8_0", {DType::kQ8_0, 5e-3}},
      {"q6_k", {DType::kQ6_K, 0.02}},     {"q5_k_m", {DType::kQ5_K, 0.04}},
      {"q5_k_s", {DType::kQ5_K, 0.04}},   {"q5_1", {DType::kQ5_1, 0.04}},
      {"q5_0", {DType::kQ5_0, 0.04}},     {"q4_k_m", {DType::kQ4_K, 0.08}},
      {"q4_k_s", {DType::kQ4_K, 0.08}},   {"q4_1", {DType::kQ4_1, 0.08}},
      {"q4_0", {DType::kQ4_0, 0.09}},     {"iq4_nl", {DType::kIQ4_NL, 0.09}},
      {"iq4_xs", {DType::kIQ4_XS, 0.09}}, {"s4", {DType::kIQ4_XS, 0.09}},
  };
  const TestDir dir;
  const auto source = tiny_model(dir);
  const auto names = base::split(kMixtureNames, '|');
  EXPECT_EQ(names.size(), bulks.size());
  for (const std::string_view name : names) {
    ASSERT_TRUE(bulks.contains(name)) << name;
    const Bulk& bulk = bulks.at(name);
    const auto mixture = mixture_of_name(name);
    ASSERT_TRUE(mixture) << name;
    const auto path = dir.path() / (std::string(name) + ".gguf");
    const auto report = quantize_model(*source, path, {.mixture = *mixture});
    ASSERT_TRUE(report) << name << ": " << report.error().message;
    EXPECT_LE(std::sqrt(report->squared_error / report->squared_sum), bulk.error_max) << name;
    const auto file = ModelFile::open(path).value();
    EXPECT_EQ(file->find("blk.1.attn_q.weight")->dtype, bulk.type) << name;
    EXPECT_EQ(file->metadata().get<std::uint32_t>("general.file_type"), file_type_of(*mixture));
    // Read again: what is written from it in full differs from it by nothing.
    const auto again = quantize_model(*file, dir.path() / "again.gguf", {.mixture = Mixture::kF32});
    ASSERT_TRUE(again) << name << ": " << again.error().message;
    EXPECT_EQ(again->squared_error, 0) << name;
  }
}

TEST(QuantizeModel, ThreadsChangeNothing) {
  const TestDir dir;
  const auto source = tiny_model(dir);
  const auto written = [&](int threads, QuantizeReport& report) {
    const auto path = dir.path() / "out.gguf";
    const auto result =
        quantize_model(*source, path, {.mixture = Mixture::kQ4_K_M, .threads = threads});
    EXPECT_TRUE(result.has_value());
    report = result.value_or(QuantizeReport{});
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  QuantizeReport one;
  QuantizeReport five;
  const std::string bytes = written(1, one);
  EXPECT_GT(bytes.size(), 100'000u);
  EXPECT_EQ(written(5, five), bytes);
  EXPECT_EQ(five.squared_error, one.squared_error);
  EXPECT_EQ(five.squared_sum, one.squared_sum);
}

TEST(QuantizeModel, KeepsWhatGgufHasNoKeyFor) {
  const TestDir dir;
  const auto source = tiny_model(dir);
  const auto path = dir.path() / "out.gguf";
  ASSERT_TRUE(quantize_model(*source, path, {}));
  const auto file = ModelFile::open(path);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ((*file)->metadata().get_or<double>("seine.rope.yarn_mscale", 0.0).value(), 0.5);
}

TEST(QuantizeModel, FourBitsSaveSixtyPercentOfBf16) {
  const TestDir dir;
  const auto source = tiny_model(dir);
  const auto report =
      quantize_model(*source, dir.path() / "out.gguf", {.mixture = Mixture::kQ4_0}).value();
  EXPECT_LT(static_cast<double>(report.bytes_after),
            0.4 * static_cast<double>(report.bytes_as_bf16));
}

// Bytes of the file that are mapped into this process and present, by the kernel's own account.
std::uint64_t resident_bytes(const std::filesystem::path& file) {
  std::ifstream maps("/proc/self/smaps");
  std::uint64_t total = 0;
  bool is_file = false;
  for (std::string line; std::getline(maps, line);) {
    const std::string head = line.substr(0, line.find(' '));
    if (!head.ends_with(':')) is_file = line.ends_with(file.string());
    if (is_file && head == "Rss:")
      total += 1024 * base::parse_u64(base::trim(line.substr(5, line.size() - 8))).value_or(0);
  }
  return total;
}

TEST(QuantizeModel, TheSourceDoesNotStayInMemory) {
  const TestDir dir;
  const auto source = tiny_model(dir);
  std::uint64_t least = UINT64_MAX;
  std::uint64_t most = 0;
  QuantizeOptions options{.mixture = Mixture::kQ8_0};
  options.progress = [&](const QuantizeProgress&) {
    const std::uint64_t now = resident_bytes(source->path());
    least = std::min(least, now);
    most = std::max(most, now);
    return true;
  };
  ASSERT_TRUE(quantize_model(*source, dir.path() / "out.gguf", options));
  EXPECT_GT(least, 0U);  // the account counts this file
  EXPECT_LT(most, source->tensor_bytes() / 2);
  // What was given back is read again as it was.
  const auto again = quantize_model(*source, dir.path() / "again.gguf", options);
  ASSERT_TRUE(again);
  EXPECT_LT(again->squared_error, 1e-4 * again->squared_sum);
}

TEST(QuantizeModel, CancelLeavesNothingBehind) {
  const TestDir dir;
  const auto source = tiny_model(dir);
  QuantizeOptions options{.mixture = Mixture::kQ8_0};
  options.progress = [](const QuantizeProgress& progress) { return progress.done < 100000; };
  const auto report = quantize_model(*source, dir.path() / "out.gguf", options);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, base::Code::kCancelled);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.path()))
    ++files;
  EXPECT_EQ(files, 1u);
}

TEST(QuantizeModel, RefusesToOverwriteItsSource) {
  const TestDir dir;
  const auto source = tiny_model(dir);
  EXPECT_FALSE(quantize_model(*source, dir.path() / "tiny.gguf", {}));
}

TEST(RopeOrder, TurnsRoundAndBack) {
  for (std::uint64_t row = 0; row < 48; ++row) {
    EXPECT_EQ(interleaved_row(half_split_row(row, 16), 16), row);
  }
  EXPECT_EQ(half_split_row(17, 16), 16u + 8);
  EXPECT_EQ(half_split_row(18, 16), 16u + 1);
}

// The story model through both formats: the same numbers, and back to GGUF's row order.
TEST(Llama2c, BothWrappersHoldTheSameWeights) {
  const auto models = shared_models();
  if (!std::filesystem::exists(models)) GTEST_SKIP() << "skipped: no ../shared";
  const TestDir dir;
  const auto story = Llama2c::read(models / "stories260K.bin", models / "tok512.bin");
  ASSERT_TRUE(story) << story.error().message;
  ASSERT_TRUE(story->write_gguf(dir.path() / "story.gguf"));
  ASSERT_TRUE(story->write_directory(dir.path() / "hf"));
  const auto gguf = ModelFile::open(dir.path() / "story.gguf").value();
  const auto hf = ModelFile::open(dir.path() / "hf").value();
  EXPECT_EQ(gguf->tensors().size(), 5 * 9 + 2u);
  ASSERT_EQ(hf->tensors().size(), gguf->tensors().size());
  ASSERT_TRUE(quantize_model(*hf, dir.path() / "back.gguf", {.mixture = Mixture::kF32}));
  const auto back = ModelFile::open(dir.path() / "back.gguf").value();
  for (const Tensor& tensor : gguf->tensors()) {
    const Tensor* other = back->find(tensor.name);
    ASSERT_NE(other, nullptr) << tensor.name;
    ASSERT_EQ(other->shape, tensor.shape);
    EXPECT_TRUE(std::ranges::equal(other->parts[0].bytes, tensor.parts[0].bytes)) << tensor.name;
  }
}

}  // namespace
}  // namespace seine::engine
