// tokenizer.json, with tokenizer_config.json, and tiktoken ranks to Tokenizer.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "engine/tokenizer/builder.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Json;

constexpr std::int64_t kIdMax = 4'000'000;

std::unexpected<base::Error> unsupported(std::string_view part, std::string_view type) {
  return base::fail_field(Code::kUnimplemented, part, "{} '{}' of tokenizer.json is not supported",
                          part, type);
}

struct Steps {
  bool nfc = false;
  bool byte_level = false;
  bool marks = false;
  bool prefix = false;
  PreTokenizer pre;
};

base::Result<> read_normalizer(const Json& node, Steps& steps) {
  const std::string type = SEINE_TRY(base::require<std::string>(node, "type"));
  if (type == "Sequence") {
    const Json* list = base::find(node, "normalizers");
    if (list == nullptr || !list->is_array()) return unsupported("normalizer", type);
    for (const Json& item : *list) SEINE_CHECK(read_normalizer(item, steps));
    return {};
  }
  if (type == "NFC") {
    steps.nfc = true;
    return {};
  }
  if (type == "Prepend") {
    if (SEINE_TRY(base::get_or<std::string>(node, "prepend", "")) != kSpaceMark) {
      return unsupported("normalizer", type);
    }
    steps.prefix = true;
    return {};
  }
  if (type == "Replace") {
    const Json* pattern = base::find(node, "pattern");
    const std::string from =
        pattern == nullptr ? "" : SEINE_TRY(base::get_or<std::string>(*pattern, "String", ""));
    if (from != " " || SEINE_TRY(base::get_or<std::string>(node, "content", "")) != kSpaceMark) {
      return unsupported("normalizer", type);
    }
    steps.marks = true;
    return {};
  }
  return unsupported("normalizer", type);
}

base::Result<> read_split(const Json& node, Steps& steps) {
  const std::string behavior = SEINE_TRY(base::get_or<std::string>(node, "behavior", "Isolated"));
  const bool invert = SEINE_TRY(base::get_or<bool>(node, "invert", false));
  // "Removed, inverted" keeps exactly the matches: the same where the pattern covers everything.
  if (behavior != "Isolated" && !(behavior == "Removed" && invert)) {
    return unsupported("pre_tokenizer behaviour", behavior);
  }
  const Json* pattern = base::find(node, "pattern");
  if (pattern == nullptr) return unsupported("pre_tokenizer", "Split without pattern");
  if (const auto text = SEINE_TRY(base::get<std::string>(*pattern, "String"))) {
    steps.pre.add_literal(*text);
    return {};
  }
  return steps.pre.add_regex(SEINE_TRY(base::require<std::string>(*pattern, "Regex")));
}

base::Result<> read_pre_tokenizer(const Json& node, Steps& steps) {
  const std::string type = SEINE_TRY(base::require<std::string>(node, "type"));
  if (type == "Sequence") {
    const Json* list = base::find(node, "pretokenizers");
    if (list == nullptr || !list->is_array()) return unsupported("pre_tokenizer", type);
    for (const Json& item : *list) SEINE_CHECK(read_pre_tokenizer(item, steps));
    return {};
  }
  if (type == "Split") return read_split(node, steps);
  if (type == "Digits") {
    steps.pre.add_digits(SEINE_TRY(base::get_or<bool>(node, "individual_digits", false)));
    return {};
  }
  if (type == "ByteLevel") {
    if (SEINE_TRY(base::get_or<bool>(node, "add_prefix_space", false))) {
      return unsupported("pre_tokenizer", "ByteLevel with add_prefix_space");
    }
    if (SEINE_TRY(base::get_or<bool>(node, "use_regex", true))) steps.pre.add_gpt2();
    steps.byte_level = true;
    return {};
  }
  if (type == "Metaspace") {
    if (SEINE_TRY(base::get_or<std::string>(node, "replacement", std::string(kSpaceMark))) !=
        kSpaceMark) {
      return unsupported("pre_tokenizer", type);
    }
    const bool old_prefix = SEINE_TRY(base::get_or<bool>(node, "add_prefix_space", true));
    const std::string scheme = SEINE_TRY(
        base::get_or<std::string>(node, "prepend_scheme", old_prefix ? "first" : "never"));
    steps.marks = true;
    steps.prefix = scheme != "never";
    return {};
  }
  return unsupported("pre_tokenizer", type);
}

struct Listed {
  std::string text;
  TokenKind kind = TokenKind::kUnused;
  bool strip_left = false;
  bool strip_right = false;
};

base::Result<std::vector<Listed>> read_vocabulary(const Json& model, const Json& json) {
  std::vector<Listed> out;
  const auto place = [&out](std::int64_t id) -> base::Result<Listed*> {
    if (id < 0 || id > kIdMax) {
      return base::fail(Code::kInvalidArgument, "token id {} is out of range", id);
    }
    if (static_cast<std::size_t>(id) >= out.size()) out.resize(static_cast<std::size_t>(id) + 1);
    return &out[static_cast<std::size_t>(id)];
  };
  const Json* vocab = base::find(model, "vocab");
  if (vocab == nullptr || !vocab->is_object()) {
    return base::fail_field(Code::kInvalidArgument, "vocab", "tokenizer.json has no vocabulary");
  }
  for (const auto& [text, id] : vocab->items()) {
    if (!id.is_number_integer()) {
      return base::fail_field(Code::kInvalidArgument, "vocab", "'{}' has no id", text);
    }
    Listed* listed = SEINE_TRY(place(id.get<std::int64_t>()));
    *listed = {text, TokenKind::kNormal};
  }
  const Json* added = base::find(json, "added_tokens");
  for (std::size_t i = 0; added != nullptr && added->is_array() && i < added->size(); ++i) {
    const Json& token = (*added)[i];
    const auto id = SEINE_TRY(base::require<std::int64_t>(token, "id"));
    Listed& listed = *SEINE_TRY(place(id));
    listed.text = SEINE_TRY(base::require<std::string>(token, "content"));
    listed.kind = SEINE_TRY(base::get_or<bool>(token, "special", false)) ? TokenKind::kControl
                                                                         : TokenKind::kUserDefined;
    listed.strip_left = SEINE_TRY(base::get_or<bool>(token, "lstrip", false));
    listed.strip_right = SEINE_TRY(base::get_or<bool>(token, "rstrip", false));
  }
  return out;
}

base::Result<> read_merges(const Json& model, TokenizerBuilder& builder) {
  const Json* merges = base::find(model, "merges");
  if (merges == nullptr || !merges->is_array()) {
    return base::fail_field(Code::kInvalidArgument, "merges", "tokenizer.json has no merges");
  }
  for (const Json& merge : *merges) {
    if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      SEINE_CHECK(builder.add_merge(merge[0].get<std::string>(), merge[1].get<std::string>()));
      continue;
    }
    const std::string line = merge.is_string() ? merge.get<std::string>() : "";
    const std::size_t space = line.find(' ', 1);
    if (space == std::string::npos) {
      return base::fail_field(Code::kInvalidArgument, "merges", "merge '{}' is not a pair", line);
    }
    SEINE_CHECK(builder.add_merge(line.substr(0, space), line.substr(space + 1)));
  }
  return {};
}

// A special token of tokenizer_config.json: a string, or an object with its content.
std::optional<std::string> special_text(const Json& config, std::string_view key) {
  const Json* value = base::find(config, key);
  if (value != nullptr && value->is_object()) value = base::find(*value, "content");
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

// Whether the post-processor writes a special token before the text.
std::optional<std::string> leading_special(const Json& node) {
  if (!node.is_object()) return std::nullopt;
  if (const Json* list = base::find(node, "processors"); list != nullptr && list->is_array()) {
    for (const Json& item : *list) {
      if (auto found = leading_special(item)) return found;
    }
  }
  const Json* single = base::find(node, "single");
  if (single == nullptr || !single->is_array() || single->empty()) return std::nullopt;
  const Json* special = base::find(single->front(), "SpecialToken");
  if (special == nullptr) return std::nullopt;
  return special_text(*special, "id");
}

}  // namespace

base::Result<std::shared_ptr<const Tokenizer>> Tokenizer::of_json(std::string_view tokenizer_json,
                                                                  std::string_view config_json) {
  const Json json = SEINE_TRY(base::parse_json(tokenizer_json));
  const Json config =
      config_json.empty() ? Json::object() : SEINE_TRY(base::parse_json(config_json));
  const Json* model = base::find(json, "model");
  if (model == nullptr) return base::fail_field(Code::kInvalidArgument, "model", "no model");
  const std::string type = SEINE_TRY(base::get_or<std::string>(*model, "type", "BPE"));
  if (type != "BPE") return unsupported("model", type);
  Steps steps;
  if (const Json* node = base::find(json, "normalizer")) SEINE_CHECK(read_normalizer(*node, steps));
  if (const Json* node = base::find(json, "pre_tokenizer")) {
    SEINE_CHECK(read_pre_tokenizer(*node, steps));
  }
  TokenizerBuilder builder;
  Tokenizer& t = builder.tokenizer();
  t.byte_level_ = steps.byte_level;
  t.nfc_ = steps.nfc;
  t.spaces_are_marks_ = steps.marks;
  t.space_prefix_ = steps.prefix;
  t.pre_tokenizer_ = std::move(steps.pre);
  t.whole_pieces_ = SEINE_TRY(base::get_or<bool>(*model, "ignore_merges", false));
  const bool fall_back = SEINE_TRY(base::get_or<bool>(*model, "byte_fallback", false));
  const std::vector<Listed> listed = SEINE_TRY(read_vocabulary(*model, json));
  for (const Listed& token : listed) {
    TokenKind kind = token.kind;
    const bool is_byte = fall_back && kind == TokenKind::kNormal && token.text.size() == 6 &&
                         token.text.starts_with("<0x");
    if (is_byte) kind = TokenKind::kByte;
    SEINE_CHECK(builder.add_token(token.text, kind, 0, t.byte_level_));
  }
  builder.index_tokens();
  SEINE_CHECK(read_merges(*model, builder));
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const Listed& token = listed[i];
    if (token.kind == TokenKind::kControl || token.kind == TokenKind::kUserDefined) {
      builder.add_special(static_cast<TokenId>(i), token.kind == TokenKind::kControl,
                          token.strip_left, token.strip_right);
    }
  }
  const auto id_of = [&](std::optional<std::string> text) -> std::optional<TokenId> {
    return text ? t.find(*text) : std::nullopt;
  };
  t.bos_ = id_of(special_text(config, "bos_token"));
  t.eos_ = id_of(special_text(config, "eos_token"));
  t.padding_ = id_of(special_text(config, "pad_token"));
  t.unknown_ = id_of(special_text(*model, "unk_token"));
  if (t.unknown_) t.tokens_[static_cast<std::size_t>(*t.unknown_)].kind = TokenKind::kUnknown;
  const Json* post = base::find(json, "post_processor");
  const std::optional<TokenId> leading = id_of(post ? leading_special(*post) : std::nullopt);
  if (!t.bos_) t.bos_ = leading;
  t.add_bos_ = SEINE_TRY(base::get_or<bool>(config, "add_bos_token", leading.has_value()));
  t.add_eos_ = SEINE_TRY(base::get_or<bool>(config, "add_eos_token", false));
  return builder.finish();
}

base::Result<std::shared_ptr<const Tokenizer>> Tokenizer::of_tiktoken(
    std::string_view ranks, std::string_view pre_tokenizer, bool whole_pieces) {
  TokenizerBuilder builder;
  Tokenizer& t = builder.tokenizer();
  t.pre_tokenizer_ = SEINE_TRY(PreTokenizer::of_name(pre_tokenizer));
  t.nfc_ = pre_tokenizer == "qwen2" || pre_tokenizer == "deepseek-r1-qwen";
  t.whole_pieces_ = whole_pieces;
  std::uint64_t expected = 0;
  for (const std::string_view line : base::split(ranks, '\n')) {
    if (base::trim(line).empty()) continue;
    const std::size_t space = line.find(' ');
    const auto bytes = base::from_base64(line.substr(0, space));
    const auto rank = base::parse_u64(
        base::trim(space == std::string_view::npos ? std::string_view() : line.substr(space + 1)));
    if (!bytes || rank != expected) {
      return base::fail(Code::kInvalidArgument, "rank line {} is not BASE64 {}", expected,
                        expected);
    }
    ++expected;
    SEINE_CHECK(builder.add_token("", TokenKind::kNormal, 0, false));
    builder.set_token(static_cast<TokenId>(expected - 1), *bytes, TokenKind::kNormal);
  }
  builder.index_tokens();
  builder.add_all_splits([](TokenId id) { return id; });
  return builder.finish();
}

}  // namespace seine::engine
