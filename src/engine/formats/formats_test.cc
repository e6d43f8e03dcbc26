// The readers against files that the writers make, and against damaged ones.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "base/random.h"
#include "engine/formats/codec.h"
#include "engine/formats/gguf.h"
#include "engine/formats/gguf_writer.h"
#include "engine/formats/half.h"
#include "engine/formats/hf_names.h"
#include "engine/formats/model_file.h"
#include "engine/formats/safetensors.h"
#include "engine/formats/test_dir.h"

namespace seine::engine {
namespace {

std::vector<std::byte> read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> as_vector(std::span<const float> values) {
  const auto bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

Metadata sample_metadata() {
  Metadata meta;
  meta.set("general.architecture", MetadataValue::of_string("llama"));
  meta.set("llama.block_count", MetadataValue::of_u32(2));
  meta.set("llama.rope.freq_base", MetadataValue::of_f32(10000));
  meta.set("a.bool", MetadataValue::of_bool(true));
  meta.set("a.strings", MetadataValue::of_strings({"x", "", "long enough to be on the heap"}));
  meta.set("a.ints", MetadataValue::of_i32s({-1, 2}));
  meta.set("a.floats", MetadataValue::of_f32s({0.5, -2}));
  meta.set("a.i8", {ValueType::kI8, false, std::int64_t{-5}});
  meta.set("a.u64", MetadataValue::of_u64(1ull << 40));
  return meta;
}

std::filesystem::path write_sample(const TestDir& dir, const std::string& name,
                                   Metadata meta = sample_metadata(),
                                   const std::string& suffix = "") {
  const std::filesystem::path path = dir.path() / name;
  auto writer = GgufWriter::create(
      path, meta, {{"w" + suffix, DType::kF32, {2, 3}}, {"q" + suffix, DType::kQ8_0, {2, 32}}});
  EXPECT_TRUE(writer) << writer.error().message;
  const std::vector<float> w = {1, 2, 3, 4, 5, 6};
  EXPECT_TRUE((*writer)->write(as_vector(w)));
  std::vector<float> q(64);
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = static_cast<float>(i) - 20;
  std::vector<std::byte> packed(68);
  quantize_row(DType::kQ8_0, q.data(), packed.data(), 64);
  EXPECT_TRUE((*writer)->write(std::span(packed).first(10)));
  EXPECT_FALSE((*writer)->finish());
  EXPECT_TRUE((*writer)->write(std::span(packed).subspan(10)));
  EXPECT_TRUE((*writer)->finish());
  return path;
}

TEST(Gguf, WhatIsWrittenIsRead) {
  const TestDir dir;
  const auto path = write_sample(dir, "m.gguf");
  const auto model = ModelFile::open(path);
  ASSERT_TRUE(model) << model.error().message;
  const ModelFile& file = **model;
  EXPECT_EQ(file.metadata().entries().size(), sample_metadata().entries().size());
  for (const auto& [key, value] : sample_metadata().entries()) {
    ASSERT_NE(file.metadata().find(key), nullptr) << key;
    EXPECT_EQ(*file.metadata().find(key), value) << key;
  }
  const Tensor* w = file.find("w");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(w->shape, (std::vector<std::uint64_t>{2, 3}));
  float row[3];
  w->read_f32(1, 1, row);
  EXPECT_EQ(row[0], 4);
  const Tensor* q = file.find("q");
  std::vector<float> values(64);
  q->read_f32(0, 2, values.data());
  EXPECT_NEAR(values[63], 43, 0.2);
  EXPECT_EQ(file.find("nothing"), nullptr);
  EXPECT_EQ(file.require("nothing").error().field, "nothing");
  std::uint64_t seen = 0;
  EXPECT_TRUE(file.load([&](std::uint64_t done, std::uint64_t total) {
    seen = done;
    return total == file.file_bytes();
  }));
  EXPECT_EQ(seen, file.file_bytes());
  EXPECT_EQ(file.load([](std::uint64_t, std::uint64_t) { return false; }).error().code,
            base::Code::kCancelled);
}

TEST(Gguf, MetadataIsReadByTypeAndRange) {
  const Metadata meta = sample_metadata();
  EXPECT_EQ(meta.get<std::uint32_t>("llama.block_count").value(), 2u);
  EXPECT_EQ(meta.get<double>("llama.block_count").value(), 2.0);
  EXPECT_FALSE(meta.get<std::uint32_t>("a.u64"));
  EXPECT_FALSE(meta.get<std::uint32_t>("a.i8"));
  EXPECT_EQ(meta.get<std::int64_t>("a.i8").value(), -5);
  EXPECT_FALSE(meta.get<std::string_view>("a.bool"));
  EXPECT_FALSE(meta.get<bool>("absent").value().has_value());
  EXPECT_EQ(meta.numbers("a.ints").value(), (std::vector<double>{-1, 2}));
  EXPECT_FALSE(meta.strings("a.ints"));
}

TEST(Gguf, SplitFilesAreOneModel) {
  const TestDir dir;
  Metadata first = sample_metadata();
  first.set("split.no", MetadataValue::of_u32(0));
  first.set("split.count", MetadataValue::of_u32(2));
  first.set("split.tensors.count", MetadataValue::of_u32(4));
  Metadata second;
  second.set("split.no", MetadataValue::of_u32(1));
  write_sample(dir, "m-00001-of-00002.gguf", first);
  EXPECT_FALSE(ModelFile::open(dir.path() / "m-00001-of-00002.gguf"));
  write_sample(dir, "m-00002-of-00002.gguf", second, "2");
  const auto model = ModelFile::open(dir.path());
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->tensors().size(), 4u);
  EXPECT_NE((*model)->find("q2"), nullptr);
  write_sample(dir, "m-00002-of-00002.gguf", second);
  EXPECT_EQ(ModelFile::open(dir.path()).error().field, "w");
}

TEST(Gguf, AReplacedFileIsNoticed) {
  const TestDir dir;
  const auto path = write_sample(dir, "m.gguf");
  const auto model = ModelFile::open(path);
  EXPECT_TRUE((*model)->check_unchanged());
  Metadata other = sample_metadata();
  other.set("llama.block_count", MetadataValue::of_u32(3));
  write_sample(dir, "m.gguf", other);
  EXPECT_EQ((*model)->check_unchanged().error().code, base::Code::kAborted);
}

// Every byte of the header, set to several values, and every truncation: a result or an error, and
// whatever is accepted lies inside the file.
TEST(Gguf, DamagedHeadersAreErrors) {
  const TestDir dir;
  const std::vector<std::byte> good = read_all(write_sample(dir, "m.gguf"));
  ASSERT_TRUE(parse_gguf(good));
  const std::uint64_t header = parse_gguf(good)->data_start;
  std::size_t refused = 0;
  for (std::size_t i = 0; i < header; ++i) {
    for (const int value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      std::vector<std::byte> bad = good;
      bad[i] = static_cast<std::byte>(value);
      const auto parsed = parse_gguf(bad);
      if (!parsed) {
        ++refused;
        EXPECT_FALSE(parsed.error().message.empty());
        continue;
      }
      for (const GgufTensorInfo& info : parsed->tensors) {
        ASSERT_LE(parsed->data_start + info.offset + info.bytes, bad.size());
      }
    }
    EXPECT_FALSE(parse_gguf(std::span(good).first(i)));
  }
  EXPECT_GT(refused, header);
}

TEST(Safetensors, WhatIsWrittenIsRead) {
  const TestDir dir;
  const std::vector<float> a = {1, 2, 3, 4};
  const std::vector<std::byte> bytes = as_vector(a);
  const NamedBytes tensors[] = {{"a", DType::kF32, {2, 2}, bytes},
                                {"b", DType::kU8, {3}, std::span(bytes).first(3)}};
  ASSERT_TRUE(write_safetensors(dir.path() / "x.safetensors", tensors, {{"format", "pt"}}));
  const auto file = read_all(dir.path() / "x.safetensors");
  const auto header = parse_safetensors(file);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->metadata.at("format"), "pt");
  EXPECT_EQ(header->tensors[1].begin, 16u);
  EXPECT_EQ(header->data_start % 8, 0u);
}

std::vector<std::byte> with_header(std::string_view json, std::size_t data) {
  std::vector<std::byte> file(8 + json.size() + data);
  const std::uint64_t length = json.size();
  std::memcpy(file.data(), &length, 8);
  std::memcpy(file.data() + 8, json.data(), json.size());
  return file;
}

TEST(Safetensors, BadHeadersNameTheTensor) {
  const auto message = [](std::string_view json, std::size_t data) {
    const auto parsed = parse_safetensors(with_header(json, data));
    return parsed ? std::string("accepted") : parsed.error().message;
  };
  const auto one = [&](std::string_view fields, std::size_t data) {
    return message("{\"t\":{" + std::string(fields) + "}}", data);
  };
  EXPECT_EQ(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 8), "accepted");
  EXPECT_NE(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 9).find("cover"),
            std::string::npos);
  EXPECT_NE(one(R"("dtype":"F32","shape":[2],"data_offsets":[0,8])", 7).find("'t' ends past"),
            std::string::npos);
  EXPECT_NE(one(R"("dtype":"F32","shape":[2],"data_offsets":[4,12])", 12).find("hole"),
            std::string::npos);
  EXPECT_NE(one(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])", 8).find("'t'"),
            std::string::npos);
  EXPECT_NE(one(R"("dtype":"F99","shape":[2],"data_offsets":[0,8])", 8).find("F99"),
            std::string::npos);
  EXPECT_NE(one(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])", 8).find("whole numbers"),
            std::string::npos);
  EXPECT_NE(one(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0])", 0)
                .find("overflow"),
            std::string::npos);
  EXPECT_NE(message(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},
                  "b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                    6)
                .find("overlap"),
            std::string::npos);
  EXPECT_FALSE(parse_safetensors(with_header("[]", 0)));
  std::vector<std::byte> huge(8, std::byte{0xFF});
  EXPECT_FALSE(parse_safetensors(huge));
}

TEST(HfNames, SpeakGguf) {
  const auto name = [](std::string_view hf) {
    const auto found = canonical_tensor_name(hf);
    return found ? found->name + (found->expert >= 0 ? "#" + std::to_string(found->expert) : "") +
                       (found->is_f8_scale ? "!" : "")
                 : "-";
  };
  EXPECT_EQ(name("model.embed_tokens.weight"), "token_embd.weight");
  EXPECT_EQ(name("lm_head.weight"), "output.weight");
  EXPECT_EQ(name("model.layers.12.self_attn.q_proj.bias"), "blk.12.attn_q.bias");
  EXPECT_EQ(name("model.layers.3.mlp.experts.255.down_proj.weight_scale_inv"),
            "blk.3.ffn_down_exps.weight#255!");
  EXPECT_EQ(name("model.layers.3.mlp.gate.e_score_correction_bias"), "blk.3.exp_probs_b.bias");
  EXPECT_EQ(name("model.layers.61.shared_head.head.weight"),
            "blk.61.nextn.shared_head_head.weight");
  EXPECT_EQ(name("model.layers.61.embed_tokens.weight"), "blk.61.nextn.embed_tokens.weight");
  EXPECT_EQ(name("bert.encoder.layer.0.attention.output.LayerNorm.bias"),
            "blk.0.attn_output_norm.bias");
  EXPECT_EQ(name("model.layers.0.self_attn.rotary_emb.inv_freq"), "-");
  EXPECT_EQ(name("model.layers.x.mlp.up_proj.weight"), "-");
}

// A directory in two shards with experts stored one by one, FP8 weights, and llama3 scaling.
class Directory : public ::testing::Test {
 protected:
  void write_text(const std::string& name, const std::string& text) {
    std::ofstream(dir.path() / name) << text;
  }
  void write_model(const std::string& index_file = "b.safetensors") {
    write_text("config.json", R"({"model_type":"deepseek_v3","num_hidden_layers":1,
      "num_nextn_predict_layers":1,"max_position_embeddings":64,"hidden_size":256,
      "intermediate_size":64,"vocab_size":100,"num_attention_heads":4,"kv_lora_rank":32,
      "qk_nope_head_dim":16,"qk_rope_head_dim":8,"v_head_dim":16,"n_routed_experts":2,
      "num_experts_per_tok":1,"n_group":2,"topk_group":1,"routed_scaling_factor":2.5,
      "rope_scaling":{"type":"yarn","factor":40,"mscale":1.0,"mscale_all_dim":1.0,
      "original_max_position_embeddings":4096},"eos_token_id":[1,7]})");
    write_text("model.safetensors.index.json",
               R"({"weight_map":{"e0":"a.safetensors","e1":")" + index_file + "\"}}");
    std::vector<std::byte> weights(200 * 256);
    for (auto& byte : weights) byte = std::byte{0x38};  // 1.0
    const std::vector<std::byte> scales = as_vector(std::vector<float>{1, 2, 3, 4});
    const std::string e = "model.layers.0.mlp.experts.";
    const NamedBytes a[] = {{e + "1.up_proj.weight", DType::kF8E4M3, {200, 256}, weights},
                            {e + "1.up_proj.weight_scale_inv", DType::kF32, {2, 2}, scales}};
    const NamedBytes b[] = {{e + "0.up_proj.weight", DType::kF8E4M3, {200, 256}, weights},
                            {e + "0.up_proj.weight_scale_inv", DType::kF32, {2, 2}, scales}};
    ASSERT_TRUE(write_safetensors(dir.path() / "a.safetensors", a));
    ASSERT_TRUE(write_safetensors(dir.path() / "b.safetensors", b));
  }
  TestDir dir;
};

TEST_F(Directory, StacksExpertsAndAppliesScales) {
  write_model();
  write_text("tokenizer_config.json", R"({"chat_template":"{{ messages }}"})");
  const auto model = ModelFile::open(dir.path());
  ASSERT_TRUE(model) << model.error().message;
  const Tensor* experts = (*model)->find("blk.0.ffn_up_exps.weight");
  ASSERT_NE(experts, nullptr);
  EXPECT_EQ(experts->shape, (std::vector<std::uint64_t>{2, 200, 256}));
  EXPECT_EQ(experts->matrix(1).bytes.size(), 200u * 256);
  std::vector<float> row(256);
  experts->read_f32(0, 1, row.data());
  EXPECT_EQ(row[0], 1.0f);
  EXPECT_EQ(row[128], 2.0f);
  experts->read_f32(200 + 130, 1, row.data());
  EXPECT_EQ(row[0], 3.0f);
  EXPECT_EQ(row[255], 4.0f);
  const Metadata& meta = (*model)->metadata();
  EXPECT_EQ(meta.get<std::string_view>("general.architecture").value(), "deepseek2");
  EXPECT_EQ(meta.get<std::uint32_t>("deepseek2.block_count").value(), 2u);
  EXPECT_EQ(meta.get<std::uint32_t>("deepseek2.expert_gating_func").value(), 2u);
  EXPECT_EQ(meta.get<std::uint32_t>("deepseek2.expert_group_count").value(), 2u);
  EXPECT_EQ(meta.get<std::uint32_t>("deepseek2.attention.key_length").value(), 24u);
  EXPECT_EQ(meta.get<std::uint32_t>("tokenizer.ggml.eos_token_id").value(), 1u);
  EXPECT_EQ(meta.numbers("seine.eos_token_ids").value(), (std::vector<double>{1, 7}));
  EXPECT_EQ(meta.get<std::string_view>("tokenizer.chat_template").value(), "{{ messages }}");
}

TEST_F(Directory, RefusesPathsInTheIndex) {
  write_model("../b.safetensors");
  EXPECT_EQ(ModelFile::open(dir.path()).error().field, "weight_map");
}

TEST_F(Directory, NamesTheMissingExpert) {
  write_model("a.safetensors");
  const auto model = ModelFile::open(dir.path());
  ASSERT_FALSE(model);
  EXPECT_NE(model.error().message.find("expert 0 is missing"), std::string::npos);
}

TEST_F(Directory, DerivesLlama3RopeFactors) {
  write_text("config.json", R"({"model_type":"llama","num_hidden_layers":1,"hidden_size":512,
    "max_position_embeddings":131072,"intermediate_size":64,"vocab_size":100,
    "num_attention_heads":4,"num_key_value_heads":2,"rope_theta":500000,"rms_norm_eps":1e-5,
    "rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,
    "original_max_position_embeddings":8192}})");
  const std::vector<std::byte> bytes = as_vector(std::vector<float>{1});
  const NamedBytes tensors[] = {{"model.norm.weight", DType::kF32, {1}, bytes}};
  ASSERT_TRUE(write_safetensors(dir.path() / "model.safetensors", tensors));
  const auto model = ModelFile::open(dir.path());
  ASSERT_TRUE(model) << model.error().message;
  const Tensor* factors = (*model)->find("rope_freqs.weight");
  ASSERT_NE(factors, nullptr);
  std::vector<float> values(64);
  factors->read_f32(0, 1, values.data());
  EXPECT_EQ(values[0], 1.0f);
  EXPECT_EQ(values[63], 8.0f);
  EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
  EXPECT_TRUE((*model)->metadata().get<bool>("seine.rope.half_split").value().value());
}

}  // namespace
}  // namespace seine::engine
