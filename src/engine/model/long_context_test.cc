// Position 131,071: attention over 8,192 scattered blocks with YaRN angles against plain sums in
// double. One layer, so that keys and values of all earlier positions follow from tokens alone and
// can be laid into the cache without running them.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "engine/formats/test_dir.h"
#include "engine/model/golden_checkpoint.h"
#include "engine/model/registry.h"

namespace seine::engine {
namespace {

constexpr std::int32_t kPositions = 131072;
constexpr std::int32_t kWidth = 32;
constexpr std::int32_t kHeads = 2;
constexpr std::int32_t kHead = 16;
constexpr std::int32_t kHidden = 32;
constexpr std::int32_t kVocabulary = 64;
constexpr double kFactor = 32;
constexpr double kOriginal = 4096;

using Row = std::vector<double>;

base::Json tiny_model() {
  const auto matrix = [](std::int32_t rows, std::int32_t columns) {
    return base::Json::array({"F32", base::Json::array({rows, columns})});
  };
  const base::Json vector = base::Json::array({"F32", base::Json::array({kWidth})});
  base::Json tensors = {{"model.embed_tokens.weight", matrix(kVocabulary, kWidth)},
                        {"lm_head.weight", matrix(kVocabulary, kWidth)},
                        {"model.norm.weight", vector}};
  const std::string stem = "model.layers.0.";
  tensors[stem + "input_layernorm.weight"] = vector;
  tensors[stem + "post_attention_layernorm.weight"] = vector;
  for (const char* part : {"q", "k", "v"}) {
    tensors[stem + "self_attn." + part + "_proj.weight"] = matrix(kHeads * kHead, kWidth);
  }
  tensors[stem + "self_attn.o_proj.weight"] = matrix(kWidth, kHeads * kHead);
  tensors[stem + "mlp.gate_proj.weight"] = matrix(kHidden, kWidth);
  tensors[stem + "mlp.up_proj.weight"] = matrix(kHidden, kWidth);
  tensors[stem + "mlp.down_proj.weight"] = matrix(kWidth, kHidden);
  return {{"tensors", tensors},
          {"config",
           {{"model_type", "llama"},
            {"hidden_size", kWidth},
            {"intermediate_size", kHidden},
            {"num_hidden_layers", 1},
            {"num_attention_heads", kHeads},
            {"num_key_value_heads", kHeads},
            {"head_dim", kHead},
            {"vocab_size", kVocabulary},
            {"max_position_embeddings", kPositions},
            {"rms_norm_eps", 1e-6},
            {"rope_theta", 10000.0},
            {"rope_scaling",
             {{"type", "yarn"},
              {"factor", kFactor},
              {"original_max_position_embeddings", static_cast<int>(kOriginal)}}}}}};
}

// The model again, as the papers write it, in double.
class Reference {
 public:
  explicit Reference(const ModelFile& file) : file_(file) {}

  Row weight(const std::string& name) const {
    const Tensor& tensor = *file_.find(name);
    std::vector<float> values(tensor.elements());
    tensor.read_f32(0, tensor.rows(), values.data());
    return {values.begin(), values.end()};
  }
  static Row times(const Row& matrix, const Row& x) {
    Row out(matrix.size() / x.size(), 0.0);
    for (std::size_t i = 0; i < matrix.size(); ++i)
      out[i / x.size()] += matrix[i] * x[i % x.size()];
    return out;
  }
  static Row norm(Row x, const Row& scale) {
    double square = 0;
    for (const double v : x) square += v * v;
    const double factor = 1 / std::sqrt(square / static_cast<double>(x.size()) + 1e-6);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] *= factor * scale[i];
    return x;
  }
  // YaRN (2309.00071, section 3): by dimension between f and f / factor; the temperature is a
  // factor of cosines and sines.
  static void turn(Row& x, std::int32_t position) {
    const double temperature = 0.1 * std::log(kFactor) + 1;
    const auto edge = [](double rotations) {
      return kHead * std::log(kOriginal / (rotations * 2 * std::numbers::pi)) /
             (2 * std::log(10000.0));
    };
    const double low = std::max(std::floor(edge(32)), 0.0);
    const double high = std::min(std::ceil(edge(1)), kHead - 1.0);
    for (std::size_t start = 0; start < x.size(); start += kHead) {
      for (std::int32_t i = 0; i < kHead / 2; ++i) {
        const double f = std::pow(10000.0, -2.0 * i / kHead);
        const double ramp = std::clamp((i - low) / (high - low), 0.0, 1.0);
        // Frequencies and angles are single floats in every published implementation.
        const auto scaled = static_cast<float>(f / kFactor * ramp + f * (1 - ramp));
        const double angle = static_cast<float>(position) * scaled;
        double& a = x[start + static_cast<std::size_t>(i)];
        double& b = x[start + static_cast<std::size_t>(i + kHead / 2)];
        const double turned = (a * std::cos(angle) - b * std::sin(angle)) * temperature;
        b = (b * std::cos(angle) + a * std::sin(angle)) * temperature;
        a = turned;
      }
    }
  }

 private:
  const ModelFile& file_;
};

TEST(LongContext, ThreeRowsAtTheEndOf131072Positions) {
  const TestDir directory;
  golden::write_checkpoint(tiny_model(), directory.path());
  const auto file = ModelFile::open(directory.path());
  ASSERT_TRUE(file) << file.error().message;
  ThreadPool pool(2);
  const auto model = load_model(
      *file, pool, {.batch_rows = 8, .logit_rows = 8, .kernels = kernels_of("ref").value()});
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->facts().context, kPositions);
  const KvLayout layout = (*model)->kv_layout(KvType::kF32).value();
  auto kv = KvStorage::create(layout, layout.blocks_for(kPositions));
  ASSERT_TRUE(kv) << kv.error().message;
  // Blocks in a scattered order: 4,099 is prime to 8,192.
  std::vector<KvBlockId> blocks;
  for (std::int64_t i = 0; i < kv->blocks(); ++i) {
    blocks.push_back(static_cast<KvBlockId>(i * 4099 % kv->blocks()));
  }

  const Reference reference(**file);
  const std::vector<TokenId> tokens = golden::prompt(kPositions, kVocabulary);
  const Row table = reference.weight("token_embd.weight");
  const Row input_norm = reference.weight("blk.0.attn_norm.weight");
  const auto embedding = [&table](TokenId token) {
    const auto first = table.begin() + token * kWidth;
    return Row(first, first + kWidth);
  };
  // Keys before rotation and values, by token.
  std::vector<Row> keys;
  std::vector<Row> values;
  for (TokenId token = 0; token < kVocabulary; ++token) {
    const Row x = Reference::norm(embedding(token), input_norm);
    keys.push_back(Reference::times(reference.weight("blk.0.attn_k.weight"), x));
    values.push_back(Reference::times(reference.weight("blk.0.attn_v.weight"), x));
  }
  std::vector<Row> turned;
  for (std::int32_t p = 0; p < kPositions; ++p) {
    Row key = keys[static_cast<std::size_t>(tokens[static_cast<std::size_t>(p)])];
    Reference::turn(key, p);
    turned.push_back(key);
    if (p >= kPositions - 3) continue;
    const std::vector<float> k(key.begin(), key.end());
    const Row& value = values[static_cast<std::size_t>(tokens[static_cast<std::size_t>(p)])];
    const std::vector<float> v(value.begin(), value.end());
    kv->write_row(blocks[static_cast<std::size_t>(p / 16)], 0, 0, p % 16, k.data());
    kv->write_row(blocks[static_cast<std::size_t>(p / 16)], 0, 1, p % 16, v.data());
  }
  const TokenRun run{.tokens = std::span(tokens).last(3),
                     .first_position = kPositions - 3,
                     .blocks = blocks,
                     .phase = Phase::kDecode};
  const std::int32_t wanted[] = {0, 1, 2};
  const auto result = (*model)->forward({.runs = {&run, 1}, .logit_rows = wanted}, *kv);
  ASSERT_TRUE(result) << result.error().message;

  const Row q_weight = reference.weight("blk.0.attn_q.weight");
  for (std::int32_t r = 0; r < 3; ++r) {
    const std::int32_t position = kPositions - 3 + r;
    Row x = embedding(tokens[static_cast<std::size_t>(position)]);
    Row query = Reference::times(q_weight, Reference::norm(x, input_norm));
    Reference::turn(query, position);
    Row joined;
    for (std::int32_t h = 0; h < kHeads; ++h) {
      Row scores;
      for (std::int32_t p = 0; p <= position; ++p) {
        double score = 0;
        for (std::int32_t d = h * kHead; d < (h + 1) * kHead; ++d) {
          score += query[static_cast<std::size_t>(d)] *
                   turned[static_cast<std::size_t>(p)][static_cast<std::size_t>(d)];
        }
        scores.push_back(score / std::sqrt(double{kHead}));
      }
      const double largest = *std::max_element(scores.begin(), scores.end());
      double total = 0;
      Row sum(kHead, 0.0);
      for (std::int32_t p = 0; p <= position; ++p) {
        const double share = std::exp(scores[static_cast<std::size_t>(p)] - largest);
        const Row& value = values[static_cast<std::size_t>(tokens[static_cast<std::size_t>(p)])];
        total += share;
        for (std::size_t d = 0; d < kHead; ++d) {
          sum[d] += share * value[static_cast<std::size_t>(h * kHead) + d];
        }
      }
      for (const double v : sum) joined.push_back(v / total);
    }
    const Row attended = Reference::times(reference.weight("blk.0.attn_output.weight"), joined);
    for (std::size_t i = 0; i < kWidth; ++i) x[i] += attended[i];
    const Row normed = Reference::norm(x, reference.weight("blk.0.ffn_norm.weight"));
    Row gate = Reference::times(reference.weight("blk.0.ffn_gate.weight"), normed);
    const Row up = Reference::times(reference.weight("blk.0.ffn_up.weight"), normed);
    for (std::size_t i = 0; i < gate.size(); ++i)
      gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
    const Row down = Reference::times(reference.weight("blk.0.ffn_down.weight"), gate);
    for (std::size_t i = 0; i < kWidth; ++i) x[i] += down[i];
    const Row logits = Reference::times(reference.weight("output.weight"),
                                        Reference::norm(x, reference.weight("output_norm.weight")));
    for (std::size_t i = 0; i < kVocabulary; ++i) {
      EXPECT_NEAR(result->logits[static_cast<std::size_t>(r) * kVocabulary + i], logits[i], 1e-3)
          << position << " " << i;
    }
  }
  const TokenRun past{.tokens = std::span(tokens).first(1),
                      .first_position = kPositions,
                      .blocks = blocks,
                      .phase = Phase::kDecode};
  const auto refused = (*model)->forward({.runs = {&past, 1}}, *kv);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("131072"), std::string::npos);
}

}  // namespace
}  // namespace seine::engine
