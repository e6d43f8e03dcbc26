#include "engine/tokenizer/builder.h"

#include <algorithm>

#include "base/utf8.h"

namespace seine::engine {
namespace {

using base::Code;

constexpr std::size_t kTokensMax = 4'000'000;

// Bytes that stand for themselves; the others are numbered upwards from U+0100.
constexpr bool is_plain(unsigned byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

struct Alphabet {
  char32_t of_byte[256];
  std::array<int, 512> of_point;
  Alphabet() {
    of_point.fill(-1);
    char32_t next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      of_byte[byte] = is_plain(byte) ? static_cast<char32_t>(byte) : next++;
      of_point[of_byte[byte]] = static_cast<int>(byte);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet table;
  return table;
}

// "<0x0A>" -> 10.
std::optional<unsigned char> byte_of_name(std::string_view text) {
  if (text.size() != 6 || !text.starts_with("<0x") || text.back() != '>') return std::nullopt;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  const int high = digit(text[3]);
  const int low = digit(text[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<unsigned char>(high * 16 + low);
}

}  // namespace

std::string to_byte_alphabet(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    base::append_utf8(out, alphabet().of_byte[static_cast<unsigned char>(c)]);
  }
  return out;
}

std::optional<std::string> from_byte_alphabet(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const base::DecodedPoint decoded = base::decode_utf8(text);
    if (!decoded.valid || decoded.point >= 512 || alphabet().of_point[decoded.point] < 0) {
      return std::nullopt;
    }
    out.push_back(static_cast<char>(alphabet().of_point[decoded.point]));
    text.remove_prefix(decoded.length);
  }
  return out;
}

base::Result<> TokenizerBuilder::add_token(std::string_view text, TokenKind kind, float score,
                                           bool byte_level) {
  if (out_->tokens_.size() == kTokensMax) {
    return base::fail(Code::kResourceExhausted, "more than {} tokens", kTokensMax);
  }
  std::string bytes(text);
  if (kind == TokenKind::kByte) {
    const std::optional<unsigned char> byte = byte_of_name(text);
    if (!byte) {
      return base::fail(Code::kInvalidArgument, "byte token '{}' is not of the form <0xHH>", text);
    }
    bytes.assign(1, static_cast<char>(*byte));
  } else if (byte_level && kind == TokenKind::kNormal) {
    if (std::optional<std::string> raw = from_byte_alphabet(text)) bytes = *std::move(raw);
  }
  out_->tokens_.push_back({std::move(bytes), score, kind});
  return {};
}

void TokenizerBuilder::set_token(TokenId id, std::string_view bytes, TokenKind kind) {
  Tokenizer::Token& token = out_->tokens_[static_cast<std::size_t>(id)];
  token.bytes = std::string(bytes);
  token.kind = kind;
}

void TokenizerBuilder::index_tokens() {
  out_->byte_ids_.fill(kNoToken);
  out_->ids_.reserve(out_->tokens_.size());
  for (std::size_t i = 0; i < out_->tokens_.size(); ++i) {
    const Tokenizer::Token& token = out_->tokens_[i];
    const auto id = static_cast<TokenId>(i);
    const auto first = token.bytes.empty() ? 0 : static_cast<unsigned char>(token.bytes[0]);
    if (token.kind == TokenKind::kByte) {
      out_->byte_ids_[first] = id;
      continue;  // "<0x41>" must not shadow the letter
    }
    const bool is_new = out_->ids_.try_emplace(token.bytes, id).second;
    if (is_new && out_->byte_level_ && token.bytes.size() == 1) out_->byte_ids_[first] = id;
  }
}

base::Result<> TokenizerBuilder::add_merge(std::string_view left, std::string_view right) {
  const auto raw = [this](std::string_view text) {
    std::optional<std::string> bytes;
    if (out_->byte_level_) bytes = from_byte_alphabet(text);
    return bytes.value_or(std::string(text));
  };
  const std::string a = raw(left);
  const std::string b = raw(right);
  const auto id = [this](const std::string& bytes) {
    const auto found = out_->ids_.find(bytes);
    return found == out_->ids_.end() ? kNoToken : found->second;
  };
  const MergeTable::Merge merge{id(a), id(b), static_cast<std::int32_t>(merges_.size()), id(a + b)};
  if (merge.left == kNoToken || merge.right == kNoToken || merge.merged == kNoToken) {
    return base::fail_field(Code::kInvalidArgument, "merges",
                            "merge {} ('{}' and '{}') joins what are not tokens", merges_.size(),
                            left, right);
  }
  merges_.push_back(merge);
  return {};
}

void TokenizerBuilder::add_special(TokenId id, bool control, bool strip_left, bool strip_right) {
  const std::string& text = out_->tokens_[static_cast<std::size_t>(id)].bytes;
  if (!text.empty()) out_->specials_.push_back({text, id, control, strip_left, strip_right});
}

base::Result<std::shared_ptr<const Tokenizer>> TokenizerBuilder::finish() {
  Tokenizer& t = *out_;
  if (t.tokens_.empty()) return base::fail(Code::kInvalidArgument, "the vocabulary is empty");
  t.merges_ = MergeTable(merges_);
  if (t.byte_level_) {
    t.joins_.emplace();
    for (const Tokenizer::Token& token : t.tokens_) t.joins_->add(token.bytes);
    t.every_byte_ = std::ranges::find(t.byte_ids_, kNoToken) == t.byte_ids_.end();
  }
  std::ranges::sort(t.specials_, [](const Tokenizer::Special& a, const Tokenizer::Special& b) {
    return std::pair(b.text.size(), a.id) < std::pair(a.text.size(), b.id);
  });
  if (t.specials_.size() > 65535) {
    return base::fail(Code::kResourceExhausted, "{} special tokens, the limit is 65535",
                      t.specials_.size());
  }
  for (std::size_t i = 0; i < t.specials_.size(); ++i) {
    t.by_first_[static_cast<unsigned char>(t.specials_[i].text[0])].push_back(
        static_cast<std::uint16_t>(i));
  }
  for (const std::optional<TokenId>& id : {t.bos_, t.eos_, t.unknown_, t.padding_}) {
    if (id && (*id < 0 || static_cast<std::size_t>(*id) >= t.tokens_.size())) {
      return base::fail(Code::kInvalidArgument,
                        "special token id {} is outside the vocabulary of {}", *id,
                        t.tokens_.size());
    }
  }
  if (t.eos_) t.ends_.push_back(*t.eos_);
  std::ranges::sort(t.ends_);
  const auto repeated = std::ranges::unique(t.ends_);
  t.ends_.erase(repeated.begin(), repeated.end());
  if (t.spaces_are_marks_) {
    t.split_at_marks_ = std::ranges::none_of(t.tokens_, [&](const Tokenizer::Token& token) {
      if (token.kind != TokenKind::kNormal) return false;
      std::size_t lead = 0;
      while (std::string_view(token.bytes).substr(lead).starts_with(kSpaceMark))
        lead += kSpaceMark.size();
      return token.bytes.find(kSpaceMark, lead) != std::string::npos;
    });
  }
  return std::shared_ptr<const Tokenizer>(std::move(out_));
}

}  // namespace seine::engine
