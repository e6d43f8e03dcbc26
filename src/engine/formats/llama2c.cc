#include "engine/formats/llama2c.h"

#include <algorithm>
#include <fstream>
#include <unordered_map>

#include "base/json.h"
#include "engine/formats/byte_cursor.h"
#include "engine/formats/gguf_writer.h"
#include "engine/formats/mapped_file.h"
#include "engine/formats/rope_order.h"
#include "engine/formats/safetensors.h"

namespace seine::engine {
namespace {

using base::Code;

base::Result<Llama2c::Config> read_config(ByteCursor& in) {
  std::uint32_t fields[7];
  for (std::uint32_t& field : fields) {
    field = SEINE_TRY(in.read<std::uint32_t>());
    if (field == 0 || field > (1u << 20)) {
      return base::fail(Code::kInvalidArgument, "checkpoint header field {} is out of range",
                        field);
    }
  }
  const Llama2c::Config c{fields[0], fields[1], fields[2], fields[3],
                          fields[4], fields[5], fields[6]};
  if (c.dim % c.heads != 0 || c.heads % c.kv_heads != 0 || c.dim / c.heads % 2 != 0) {
    return base::fail(Code::kInvalidArgument, "{} heads do not divide {}", c.heads, c.dim);
  }
  return c;
}

std::string block_name(std::uint32_t layer, std::string_view part) {
  return "blk." + std::to_string(layer) + "." + std::string(part) + ".weight";
}

base::Result<> read_pieces(ByteCursor& in, std::uint32_t vocab,
                           std::vector<Llama2c::Piece>& pieces) {
  SEINE_CHECK(in.read<std::int32_t>());
  for (std::uint32_t i = 0; i < vocab; ++i) {
    Llama2c::Piece piece;
    piece.score = SEINE_TRY(in.read<float>());
    const std::uint32_t length = SEINE_TRY(in.read<std::uint32_t>());
    if (length > in.left()) return base::fail(Code::kDataLoss, "token {} is cut off", i);
    for (std::uint32_t j = 0; j < length; ++j) {
      const char c = SEINE_TRY(in.read<char>());
      if (c == ' ') {
        piece.text += "\u2581";
      } else if (i > 2 || c != '\n') {  // BOS and EOS are stored between newlines
        piece.text += c;
      }
    }
    pieces.push_back(std::move(piece));
  }
  return {};
}

std::string hf_name(const std::string& name) {
  static const std::unordered_map<std::string, std::string> kParts = {
      {"attn_norm", "input_layernorm"},    {"attn_q", "self_attn.q_proj"},
      {"attn_k", "self_attn.k_proj"},      {"attn_v", "self_attn.v_proj"},
      {"attn_output", "self_attn.o_proj"}, {"ffn_norm", "post_attention_layernorm"},
      {"ffn_gate", "mlp.gate_proj"},       {"ffn_up", "mlp.up_proj"},
      {"ffn_down", "mlp.down_proj"}};
  if (name == "token_embd.weight") return "model.embed_tokens.weight";
  if (name == "output_norm.weight") return "model.norm.weight";
  const std::size_t dot = name.find('.', 4);
  const std::string part = name.substr(dot + 1, name.rfind('.') - dot - 1);
  return "model.layers." + name.substr(4, dot - 4) + "." + kParts.at(part) + ".weight";
}

// The merges that SentencePiece scores imply: every way to split a piece in two pieces, best score
// first.
base::Json merges_of(const std::vector<Llama2c::Piece>& pieces) {
  std::unordered_map<std::string, bool> known;
  for (std::size_t i = 3; i < pieces.size(); ++i) known[pieces[i].text] = true;
  struct Merge {
    float score;
    std::size_t order;  // of discovery: libstdc++ 12's stable sort does not build without warnings
    std::string left, right;
  };
  std::vector<Merge> merges;
  for (std::size_t i = 259; i < pieces.size(); ++i) {
    const std::string& text = pieces[i].text;
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      if (known.contains(text.substr(0, cut)) && known.contains(text.substr(cut))) {
        merges.push_back({pieces[i].score, merges.size(), text.substr(0, cut), text.substr(cut)});
      }
    }
  }
  std::ranges::sort(merges, {}, [](const Merge& m) { return std::pair(-m.score, m.order); });
  base::Json out = base::Json::array();
  for (const Merge& merge : merges) out.push_back({merge.left, merge.right});
  return out;
}

base::Json tokenizer_json(const std::vector<Llama2c::Piece>& pieces) {
  base::Json vocab = base::Json::object();
  for (std::size_t i = 0; i < pieces.size(); ++i) vocab[pieces[i].text] = i;
  base::Json added = base::Json::array();
  for (std::size_t i = 0; i < 3; ++i) {
    added.push_back({{"id", i}, {"content", pieces[i].text}, {"special", true}});
  }
  return {{"version", "1.0"},
          {"added_tokens", added},
          {"normalizer",
           {{"type", "Sequence"},
            {"normalizers",
             {{{"type", "Prepend"}, {"prepend", "\u2581"}},
              {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}}}}}},
          {"pre_tokenizer", nullptr},
          {"model",
           {{"type", "BPE"},
            {"unk_token", pieces[0].text},
            {"byte_fallback", true},
            {"fuse_unk", true},
            {"vocab", vocab},
            {"merges", merges_of(pieces)}}}};
}

base::Result<> write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return base::fail(Code::kUnavailable, "writing {} failed", path.string());
  return {};
}

}  // namespace

base::Result<Llama2c> Llama2c::read(const std::filesystem::path& checkpoint,
                                    const std::filesystem::path& tokenizer) {
  const MappedFile weights_file = SEINE_TRY(MappedFile::open(checkpoint));
  const MappedFile tokens_file = SEINE_TRY(MappedFile::open(tokenizer));
  ByteCursor in(weights_file.bytes());
  Llama2c out;
  out.config = SEINE_TRY(read_config(in));
  const Config& c = out.config;
  const std::uint64_t kv_dim = std::uint64_t{c.dim} / c.heads * c.kv_heads;
  const auto take = [&](std::string name, std::vector<std::uint64_t> shape) -> base::Result<> {
    const std::uint64_t count = element_count(shape).value_or(UINT64_MAX);
    if (count > in.left() / sizeof(float)) {
      return base::fail_field(Code::kDataLoss, name, "the checkpoint ends within '{}'", name);
    }
    Weight weight{std::move(name), std::move(shape), std::vector<float>(count)};
    for (float& value : weight.values) value = SEINE_TRY(in.read<float>());
    out.weights.push_back(std::move(weight));
    return {};
  };
  SEINE_CHECK(take("token_embd.weight", {c.vocab, c.dim}));
  const auto take_layers = [&](std::string_view part,
                               const std::vector<std::uint64_t>& shape) -> base::Result<> {
    for (std::uint32_t i = 0; i < c.layers; ++i) SEINE_CHECK(take(block_name(i, part), shape));
    return {};
  };
  SEINE_CHECK(take_layers("attn_norm", {c.dim}));
  SEINE_CHECK(take_layers("attn_q", {c.dim, c.dim}));
  SEINE_CHECK(take_layers("attn_k", {kv_dim, c.dim}));
  SEINE_CHECK(take_layers("attn_v", {kv_dim, c.dim}));
  SEINE_CHECK(take_layers("attn_output", {c.dim, c.dim}));
  SEINE_CHECK(take_layers("ffn_norm", {c.dim}));
  SEINE_CHECK(take_layers("ffn_gate", {c.hidden, c.dim}));
  SEINE_CHECK(take_layers("ffn_down", {c.dim, c.hidden}));
  SEINE_CHECK(take_layers("ffn_up", {c.hidden, c.dim}));
  SEINE_CHECK(take("output_norm.weight", {c.dim}));
  ByteCursor tokens(tokens_file.bytes());
  SEINE_CHECK(read_pieces(tokens, c.vocab, out.pieces));
  return out;
}

base::Result<> Llama2c::write_gguf(const std::filesystem::path& path) const {
  const std::uint32_t head = config.dim / config.heads;
  Metadata meta;
  meta.set("general.architecture", MetadataValue::of_string("llama"));
  meta.set("general.name", MetadataValue::of_string(path.stem().string()));
  const auto put = [&meta](std::string_view key, std::uint32_t value) {
    meta.set("llama." + std::string(key), MetadataValue::of_u32(value));
  };
  put("block_count", config.layers);
  put("context_length", config.context);
  put("embedding_length", config.dim);
  put("feed_forward_length", config.hidden);
  put("attention.head_count", config.heads);
  put("attention.head_count_kv", config.kv_heads);
  put("rope.dimension_count", head);
  put("vocab_size", config.vocab);
  meta.set("llama.attention.layer_norm_rms_epsilon", MetadataValue::of_f32(1e-5));
  meta.set("llama.rope.freq_base", MetadataValue::of_f32(10000));
  std::vector<std::string> tokens;
  std::vector<double> scores;
  std::vector<std::int64_t> types;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    tokens.push_back(pieces[i].text);
    scores.push_back(pieces[i].score);
    types.push_back(i == 0 ? 2 : i < 3 ? 3 : i < 259 ? 6 : 1);
  }
  meta.set("tokenizer.ggml.model", MetadataValue::of_string("llama"));
  meta.set("tokenizer.ggml.tokens", MetadataValue::of_strings(std::move(tokens)));
  meta.set("tokenizer.ggml.scores", MetadataValue::of_f32s(std::move(scores)));
  meta.set("tokenizer.ggml.token_type", MetadataValue::of_i32s(std::move(types)));
  meta.set("tokenizer.ggml.bos_token_id", MetadataValue::of_u32(1));
  meta.set("tokenizer.ggml.eos_token_id", MetadataValue::of_u32(2));
  meta.set("tokenizer.ggml.unknown_token_id", MetadataValue::of_u32(0));
  std::vector<TensorDeclaration> declared;
  for (const Weight& weight : weights) declared.push_back({weight.name, DType::kF32, weight.shape});
  const auto writer = SEINE_TRY(GgufWriter::create(path, meta, std::move(declared)));
  for (const Weight& weight : weights) {
    SEINE_CHECK(writer->write(std::as_bytes(std::span(weight.values))));
  }
  return writer->finish();
}

base::Result<> Llama2c::write_directory(const std::filesystem::path& directory) const {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  const base::Json json = {{"architectures", {"LlamaForCausalLM"}},
                           {"model_type", "llama"},
                           {"hidden_size", config.dim},
                           {"intermediate_size", config.hidden},
                           {"num_hidden_layers", config.layers},
                           {"num_attention_heads", config.heads},
                           {"num_key_value_heads", config.kv_heads},
                           {"vocab_size", config.vocab},
                           {"max_position_embeddings", config.context},
                           {"rms_norm_eps", 1e-5},
                           {"rope_theta", 10000.0},
                           {"tie_word_embeddings", true},
                           {"bos_token_id", 1},
                           {"eos_token_id", 2},
                           {"torch_dtype", "float32"}};
  SEINE_CHECK(write_text(directory / "config.json", base::to_pretty_text(json)));
  SEINE_CHECK(write_text(directory / "tokenizer.json", base::to_text(tokenizer_json(pieces))));
  SEINE_CHECK(write_text(directory / "tokenizer_config.json",
                         R"({"add_bos_token":true,"add_eos_token":false,"bos_token":"<s>",)"
                         R"("eos_token":"</s>","unk_token":"<unk>"})"));
  const std::uint64_t head = config.dim / config.heads;
  std::vector<std::vector<float>> turned;
  turned.reserve(weights.size());
  std::vector<NamedBytes> tensors;
  for (const Weight& weight : weights) {
    std::span<const float> values = weight.values;
    if (weight.name.ends_with(".attn_q.weight") || weight.name.ends_with(".attn_k.weight")) {
      std::vector<float>& out = turned.emplace_back(weight.values.size());
      const std::uint64_t columns = weight.shape[1];
      for (std::uint64_t row = 0; row < weight.shape[0]; ++row) {
        std::copy_n(
            values.begin() + static_cast<std::ptrdiff_t>(interleaved_row(row, head) * columns),
            columns, out.begin() + static_cast<std::ptrdiff_t>(row * columns));
      }
      values = out;
    }
    tensors.push_back({hf_name(weight.name), DType::kF32, weight.shape, std::as_bytes(values)});
  }
  return write_safetensors(directory / "model.safetensors", tensors, {{"format", "pt"}});
}

}  // namespace seine::engine
