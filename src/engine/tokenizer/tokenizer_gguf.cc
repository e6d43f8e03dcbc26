// GGUF metadata to Tokenizer and back.
#include <algorithm>

#include "engine/tokenizer/builder.h"

namespace seine::engine {
namespace {

using base::Code;

base::Result<> read_ids(const Metadata& meta, std::string_view key, std::optional<TokenId>& id) {
  const auto value = SEINE_TRY(meta.get<std::uint32_t>(key));
  // Converters write 2^32 - 1 for "none".
  if (value && *value <= 0x7FFFFFFF) id = static_cast<TokenId>(*value);
  return {};
}

}  // namespace

base::Result<std::shared_ptr<const Tokenizer>> Tokenizer::of_gguf(const Metadata& meta) {
  TokenizerBuilder builder;
  Tokenizer& t = builder.tokenizer();
  const auto model = SEINE_TRY(meta.require<std::string_view>("tokenizer.ggml.model"));
  if (model != "gpt2" && model != "llama") {
    return base::fail_field(Code::kUnimplemented, "tokenizer.ggml.model",
                            "tokenizer model '{}' is not supported (gpt2 and llama are)", model);
  }
  t.byte_level_ = model == "gpt2";
  const auto tokens = SEINE_TRY(meta.strings("tokenizer.ggml.tokens"));
  const auto types = SEINE_TRY(meta.numbers("tokenizer.ggml.token_type"));
  const auto scores = SEINE_TRY(meta.numbers("tokenizer.ggml.scores"));
  const auto fits = [&](std::size_t count) { return count == 0 || count == tokens.size(); };
  if (!fits(types.size()) || !fits(scores.size())) {
    return base::fail(Code::kInvalidArgument, "{} tokens, but {} types and {} scores",
                      tokens.size(), types.size(), scores.size());
  }
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const double type = types.empty() ? 1 : types[i];
    if (!(type >= 1 && type <= 6)) {
      return base::fail_field(Code::kInvalidArgument, "tokenizer.ggml.token_type",
                              "token {} has type {}", i, type);
    }
    SEINE_CHECK(builder.add_token(tokens[i], static_cast<TokenKind>(static_cast<int>(type)),
                                  scores.empty() ? 0.0f : static_cast<float>(scores[i]),
                                  t.byte_level_));
  }
  builder.index_tokens();
  SEINE_CHECK(read_ids(meta, "tokenizer.ggml.bos_token_id", t.bos_));
  SEINE_CHECK(read_ids(meta, "tokenizer.ggml.eos_token_id", t.eos_));
  SEINE_CHECK(read_ids(meta, "tokenizer.ggml.unknown_token_id", t.unknown_));
  SEINE_CHECK(read_ids(meta, "tokenizer.ggml.padding_token_id", t.padding_));
  std::optional<TokenId> eot;
  SEINE_CHECK(read_ids(meta, "tokenizer.ggml.eot_token_id", eot));
  if (eot) t.ends_.push_back(*eot);
  for (const double id : SEINE_TRY(meta.numbers("seine.eos_token_ids"))) {
    t.ends_.push_back(static_cast<TokenId>(id));
  }
  t.add_bos_ = SEINE_TRY(meta.get_or<bool>("tokenizer.ggml.add_bos_token", !t.byte_level_));
  t.add_eos_ = SEINE_TRY(meta.get_or<bool>("tokenizer.ggml.add_eos_token", false));
  if (t.byte_level_) {
    const auto name = SEINE_TRY(meta.get_or<std::string_view>("tokenizer.ggml.pre", "default"));
    t.pre_tokenizer_ = SEINE_TRY(PreTokenizer::of_name(name));
    t.nfc_ = name == "qwen2" || name == "deepseek-r1-qwen";
    t.whole_pieces_ = name == "llama-bpe" || name == "llama3" || name == "llama-v3";
    for (const std::string& line : SEINE_TRY(meta.strings("tokenizer.ggml.merges"))) {
      const std::size_t space = line.find(' ', 1);
      if (space == std::string::npos) {
        return base::fail_field(Code::kInvalidArgument, "tokenizer.ggml.merges",
                                "merge '{}' is not a pair", line);
      }
      SEINE_CHECK(builder.add_merge(std::string_view(line).substr(0, space),
                                    std::string_view(line).substr(space + 1)));
    }
  } else {
    t.spaces_are_marks_ = true;
    t.space_prefix_ = SEINE_TRY(meta.get_or<bool>("tokenizer.ggml.add_space_prefix", true));
    // Higher scores merge first; equal ones from the left.
    std::vector<float> order;
    for (const Token& token : t.tokens_) order.push_back(token.score);
    std::ranges::sort(order, std::greater{});
    builder.add_all_splits([&](TokenId id) {
      const float score = t.tokens_[static_cast<std::size_t>(id)].score;
      return static_cast<std::int32_t>(std::ranges::lower_bound(order, score, std::greater{}) -
                                       order.begin());
    });
  }
  for (std::size_t i = 0; i < t.tokens_.size(); ++i) {
    const TokenKind kind = t.tokens_[i].kind;
    if (kind == TokenKind::kControl || kind == TokenKind::kUserDefined) {
      builder.add_special(static_cast<TokenId>(i), kind == TokenKind::kControl, false, false);
    }
  }
  return builder.finish();
}

base::Result<std::shared_ptr<const Tokenizer>> Tokenizer::of_model(const ModelFile& model) {
  if (model.tokenizer_json().empty()) return of_gguf(model.metadata());
  return of_json(model.tokenizer_json(), model.tokenizer_config_json());
}

base::Result<Metadata> Tokenizer::to_gguf() const {
  Metadata out;
  std::vector<std::string> tokens;
  std::vector<std::int64_t> types;
  std::vector<double> scores;
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto spelt = [&](const Token& token) -> std::string {
    if (token.kind == TokenKind::kByte) {
      const auto byte = static_cast<unsigned char>(token.bytes[0]);
      return std::string("<0x") + kHex[byte >> 4] + kHex[byte & 15] + ">";
    }
    return byte_level_ && token.kind == TokenKind::kNormal ? to_byte_alphabet(token.bytes)
                                                           : token.bytes;
  };
  for (const Token& token : tokens_) {
    tokens.push_back(spelt(token));
    types.push_back(static_cast<std::int64_t>(token.kind));
    scores.push_back(token.score);
  }
  out.set("tokenizer.ggml.model", MetadataValue::of_string(byte_level_ ? "gpt2" : "llama"));
  if (byte_level_) {
    std::optional<std::string_view> name = pre_tokenizer_.name();
    if (!name) {
      return base::fail(Code::kUnimplemented,
                        "GGUF has no name for this tokenizer's pre-tokenizer");
    }
    out.set("tokenizer.ggml.pre", MetadataValue::of_string(*name));
    std::vector<MergeTable::Merge> merges = merges_.list();
    std::ranges::sort(merges, {}, &MergeTable::Merge::rank);
    std::vector<std::string> lines;
    for (const MergeTable::Merge& merge : merges) {
      lines.push_back(to_byte_alphabet(bytes(merge.left)) + " " +
                      to_byte_alphabet(bytes(merge.right)));
    }
    out.set("tokenizer.ggml.merges", MetadataValue::of_strings(std::move(lines)));
  } else {
    // GGUF's "llama" orders merges by score; a tokenizer.json has only ranks.
    for (const MergeTable::Merge& merge : merges_.list()) {
      double& score = scores[static_cast<std::size_t>(merge.merged)];
      if (tokens_[static_cast<std::size_t>(merge.merged)].score == 0) {
        score = std::min(score, -1.0 - merge.rank);
      }
    }
    out.set("tokenizer.ggml.add_space_prefix", MetadataValue::of_bool(space_prefix_));
  }
  out.set("tokenizer.ggml.tokens", MetadataValue::of_strings(std::move(tokens)));
  out.set("tokenizer.ggml.token_type", MetadataValue::of_i32s(std::move(types)));
  out.set("tokenizer.ggml.scores", MetadataValue::of_f32s(std::move(scores)));
  const auto put = [&out](std::string_view key, const std::optional<TokenId>& id) {
    if (id) out.set(key, MetadataValue::of_u32(static_cast<std::uint32_t>(*id)));
  };
  put("tokenizer.ggml.bos_token_id", bos_);
  put("tokenizer.ggml.eos_token_id", eos_);
  put("tokenizer.ggml.unknown_token_id", unknown_);
  put("tokenizer.ggml.padding_token_id", padding_);
  out.set("tokenizer.ggml.add_bos_token", MetadataValue::of_bool(add_bos_));
  out.set("tokenizer.ggml.add_eos_token", MetadataValue::of_bool(add_eos_));
  return out;
}

}  // namespace seine::engine
