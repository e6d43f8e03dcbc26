// Files whose numbers lie: an error that names the key, the tensor or the limit, before anything is
// allocated by them.
#include <gtest/gtest.h>

#include "base/json.h"
#include "engine/formats/test_dir.h"
#include "engine/model/golden_checkpoint.h"
#include "engine/model/memory.h"
#include "engine/model/registry.h"
#include "engine/model/tiny_file.h"

namespace seine::engine {
namespace {

using base::Code;

class BadFile : public testing::Test {
 protected:
  tiny::File make(const SynthShape& shape) { return {shape, directory_.path()}; }

  base::Result<> load(const tiny::File& file, ModelSettings settings = {}) {
    file.write();
    return load(file.path(), settings);
  }
  base::Result<> load(const std::filesystem::path& path, ModelSettings settings = {}) {
    const auto opened = SEINE_TRY(ModelFile::open(path));
    (void)SEINE_TRY(load_model(opened, pool_, settings));
    return {};
  }
  template <typename... Arguments>
  base::Error refused(const Arguments&... arguments) {
    auto loaded = load(arguments...);
    if (!loaded) return loaded.error();
    ADD_FAILURE() << "it loaded";
    return {Code::kInternal, "it loaded"};
  }

  // Of a number in the metadata.
  base::Error with(const SynthShape& shape, const std::string& key, std::uint32_t value) {
    tiny::File file = make(shape);
    const std::string full = std::string(shape.architecture) + "." + key;
    file.put(file.value_of(full), value);
    return refused(file);
  }

  TestDir directory_;
  ThreadPool pool_{2};
};

TEST_F(BadFile, WhatIsWholeLoads) {
  EXPECT_TRUE(load(make(tiny::kQwen)));
  EXPECT_TRUE(load(make(tiny::kDeepSeek)));
}

TEST_F(BadFile, AbsurdNumbersAreErrorsThatNameTheKeyOrTheTensor) {
  struct Case {
    const SynthShape& shape;
    std::string key;
    std::string named;  // in the message
  };
  const Case cases[] = {{tiny::kQwen, "embedding_length", "token_embd.weight"},
                        {tiny::kQwen, "feed_forward_length", "ffn_gate.weight"},
                        {tiny::kQwen, "block_count", "blk.2.attn_norm.weight"},
                        {tiny::kQwen, "attention.head_count", "head_count"},
                        {tiny::kQwen, "attention.head_count_kv", "head_count"},
                        {tiny::kDeepSeek, "feed_forward_length", "ffn_gate.weight"},
                        {tiny::kDeepSeek, "attention.kv_lora_rank", "attn_kv_a_mqa.weight"},
                        {tiny::kDeepSeek, "attention.key_length_mla", "attn_q.weight"},
                        {tiny::kDeepSeek, "attention.value_length_mla", "attn_v_b.weight"},
                        {tiny::kDeepSeek, "rope.dimension_count", "key_length"},
                        {tiny::kDeepSeek, "expert_count", "ffn_gate_inp.weight"},
                        {tiny::kDeepSeek, "expert_feed_forward_length", "ffn_gate_exps.weight"},
                        {tiny::kDeepSeek, "expert_shared_count", "ffn_gate_shexp.weight"},
                        {tiny::kDeepSeek, "leading_dense_block_count", "blk.1.ffn_gate.weight"}};
  for (const Case& each : cases) {
    // Another number than the tensors hold: the tensor at fault, or its key, is named.
    const base::Error near = with(each.shape, each.key, 66);
    EXPECT_NE((near.message + " " + near.field).find(each.named), std::string::npos)
        << each.key << ": " << near.message;
    // Far more: the key, the tensor or the memory; never an allocation.
    for (const std::uint32_t value : {1U << 20, 1U << 24, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
      const base::Error error = with(each.shape, each.key, value);
      EXPECT_TRUE(error.code == Code::kInvalidArgument || error.code == Code::kNotFound ||
                  error.code == Code::kResourceExhausted)
          << each.key << " " << value << ": " << error.message;
      EXPECT_FALSE(error.message.empty());
    }
  }
}

TEST_F(BadFile, ShapesAreComparedBeforeBuffersAreMade) {
  // No limit stands in the way: only the tensors can.
  tiny::File file = make(tiny::kQwen);
  file.put(file.value_of("qwen2.feed_forward_length"), std::uint32_t{1} << 24);
  const ModelSettings settings{.memory_limit = ~std::uint64_t{0}};
  const base::Error error = refused(file, settings);
  EXPECT_EQ(error.code, Code::kInvalidArgument);
  EXPECT_EQ(error.field, "blk.0.ffn_gate.weight");
}

TEST_F(BadFile, WhatDoesNotFitIsRefusedWithItsNumbers) {
  tiny::File file = make(tiny::kQwen);
  const base::Error error = refused(file, ModelSettings{.memory_limit = 1 << 20});
  EXPECT_EQ(error.code, Code::kResourceExhausted);
  EXPECT_NE(error.message.find("MiB"), std::string::npos) << error.message;
}

TEST_F(BadFile, TheEstimateNeverGoesRound) {
  tiny::File file = make(tiny::kDeepSeek);
  for (const char* key : {"deepseek2.expert_used_count", "deepseek2.expert_count"})
    file.put(file.value_of(key), std::uint32_t{1} << 14);
  file.put(file.value_of("deepseek2.expert_feed_forward_length"), std::uint32_t{1} << 24);
  file.put(file.value_of("deepseek2.expert_shared_count"), std::uint32_t{0});
  file.write();
  const auto opened = ModelFile::open(file.path());
  ASSERT_TRUE(opened) << opened.error().message;
  const auto need = estimate_memory(
      **opened, {.batch_rows = 1 << 16, .kv_tokens = std::int64_t{1} << 40, .threads = 1});
  ASSERT_TRUE(need) << need.error().message;
  EXPECT_GT(need->workspace, std::uint64_t{1} << 40);
  EXPECT_GE(need->total(), need->workspace);
  EXPECT_GE(need->total(), need->kv_cache);
}

TEST_F(BadFile, DimensionsThatTheFileDoesNotHold) {
  for (const std::uint64_t value : {std::uint64_t{65}, std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
    tiny::File file = make(tiny::kQwen);
    file.put(file.tensor_of("blk.0.ffn_gate.weight") + 12, value);  // the outer dimension
    const base::Error error = refused(file);
    EXPECT_EQ(error.code, Code::kInvalidArgument) << value;
    EXPECT_NE(error.message.find("blk.0.ffn_gate.weight"), std::string::npos) << error.message;
  }
}

TEST_F(BadFile, OverlappingAndMisplacedTensors) {
  const std::size_t offset_at = 4 + 16 + 4;  // behind dimensions, two of them, and type
  tiny::File file = make(tiny::kQwen);
  file.put(file.tensor_of("blk.0.ffn_gate.weight") + offset_at, std::uint64_t{0});
  EXPECT_NE(refused(file).message.find("overlap"), std::string::npos);
  file = make(tiny::kQwen);
  file.put(file.tensor_of("blk.0.ffn_gate.weight") + offset_at, std::uint64_t{7});
  EXPECT_NE(refused(file).message.find("multiple of 32"), std::string::npos);
  file = make(tiny::kQwen);
  file.put(file.tensor_of("blk.0.ffn_gate.weight") + offset_at, ~std::uint64_t{31});
  EXPECT_NE(refused(file).message.find("past the end"), std::string::npos);
}

TEST_F(BadFile, WrongTypes) {
  tiny::File file = make(tiny::kQwen);
  file.put(file.value_of("qwen2.block_count") - 4, std::uint32_t{6});  // now a float
  EXPECT_NE(refused(file).message.find("qwen2.block_count"), std::string::npos);
  file = make(tiny::kQwen);
  // An array whose items are arrays, without end: refused at the first.
  file.put(file.value_of("qwen2.block_count") - 4, std::uint32_t{9});
  file.put(file.value_of("qwen2.block_count"), std::uint32_t{9});
  EXPECT_EQ(refused(file).code, Code::kUnimplemented);
  EXPECT_NE(refused(file).message.find("qwen2.block_count"), std::string::npos);
  file = make(tiny::kQwen);
  file.put(file.tensor_of("output_norm.weight") + 4 + 8, std::uint32_t{200});  // an element type
  EXPECT_NE(refused(file).message.find("output_norm.weight"), std::string::npos);
}

TEST_F(BadFile, EveryLengthOfATruncatedFileIsAnError) {
  tiny::File file = make(tiny::kDeepSeek);
  const std::string whole = file.bytes();
  for (std::size_t length = 0; length < whole.size(); length += length < 64 ? 1 : 4099) {
    file.bytes() = whole.substr(0, length);
    EXPECT_FALSE(load(file)) << length;
  }
}

TEST_F(BadFile, AFileReplacedOrCutShortIsNoticedAtLoad) {
  tiny::File file = make(tiny::kQwen);
  const std::string whole = file.bytes();
  const auto opened = ModelFile::open(file.path()).value();
  // The same size and another header, under the same name.
  file.put(file.value_of("qwen2.context_length"), std::uint32_t{128});
  std::filesystem::remove(file.path());
  file.write();
  const base::Error error = opened->load({}).error();
  EXPECT_EQ(error.code, Code::kAborted);
  EXPECT_NE(error.message.find(file.path().string()), std::string::npos);
  EXPECT_EQ(load_model(opened, pool_, {}).error().code, Code::kAborted);
  file.bytes() = whole;
  file.write();
  EXPECT_TRUE(opened->load({}));
  // Cut short in place: reading on would end the process.
  const auto again = ModelFile::open(file.path()).value();
  std::filesystem::resize_file(file.path(), 4096);
  EXPECT_EQ(again->load({}).error().code, Code::kAborted);
}

// The same of a Hugging Face directory.
TEST_F(BadFile, NumbersOfAConfigThatTheTensorsDoNotBearOut) {
  const std::filesystem::path source =
      std::filesystem::path(SEINE_SOURCE_DIR) / "tests/golden/deepseek_v3.json";
  const base::Json golden = base::parse_json(read_text_file(source, 1 << 20).value()).value();
  golden::write_checkpoint(golden, directory_.path());
  const std::filesystem::path path = directory_.path() / "config.json";
  const base::Json config = base::parse_json(read_text_file(path, 1 << 20).value()).value();
  ASSERT_TRUE(load(directory_.path()));
  for (const char* key :
       {"hidden_size", "num_hidden_layers", "num_attention_heads", "kv_lora_rank", "q_lora_rank",
        "n_routed_experts", "moe_intermediate_size", "intermediate_size", "n_shared_experts",
        "qk_nope_head_dim", "v_head_dim"}) {
    for (const std::int64_t value : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{77},
                                     std::int64_t{1} << 24, std::int64_t{1} << 40}) {
      base::Json changed = config;
      changed[key] = value;
      std::ofstream(path) << base::to_text(changed);
      const auto loaded = load(directory_.path());
      if (value == 0 && loaded) continue;  // some parts may be left out
      ASSERT_FALSE(loaded) << key << " " << value;
      const base::Error& error = loaded.error();
      EXPECT_TRUE(error.code == Code::kInvalidArgument || error.code == Code::kNotFound ||
                  error.code == Code::kResourceExhausted)
          << key << " " << value << ": " << error.message;
    }
    base::Json changed = config;
    changed[key] = "many";
    std::ofstream(path) << base::to_text(changed);
    EXPECT_EQ(refused(directory_.path()).code, Code::kInvalidArgument) << key;
  }
}

}  // namespace
}  // namespace seine::engine
