#include "engine/tokenizer/tokenizer.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>

#include <algorithm>

#include "base/utf8.h"
#include "engine/tokenizer/builder.h"
#include "engine/tokenizer/char_class.h"

namespace seine::engine {
namespace {

// Text in Unicode normal form C; the text itself when it is that already.
std::string_view to_nfc(std::string_view text, std::string& storage) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
    return text;
  }
  UErrorCode code = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(code);
  if (U_FAILURE(code)) return text;
  const icu::StringPiece piece(text.data(), static_cast<std::int32_t>(text.size()));
  if (nfc->isNormalizedUTF8(piece, code) != 0) return text;
  storage.clear();
  icu::StringByteSink<std::string> sink(&storage);
  nfc->normalizeUTF8(0, piece, sink, nullptr, code);
  return U_FAILURE(code) ? text : std::string_view(storage);
}

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

}  // namespace

std::string_view Tokenizer::bytes(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= tokens_.size()) return {};
  return tokens_[static_cast<std::size_t>(id)].bytes;
}

TokenKind Tokenizer::kind(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= tokens_.size()) return TokenKind::kUnused;
  return tokens_[static_cast<std::size_t>(id)].kind;
}

std::optional<TokenId> Tokenizer::find(std::string_view wanted) const {
  const auto found = ids_.find(wanted);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

bool Tokenizer::ends_generation(TokenId id) const {
  return std::ranges::binary_search(ends_, id);
}

const Tokenizer::Special* Tokenizer::special_at(std::string_view text, std::size_t at,
                                                bool control) const {
  for (const std::uint16_t i : by_first_[static_cast<unsigned char>(text[at])]) {
    const Special& special = specials_[i];
    if (special.control && !control) continue;
    if (text.substr(at).starts_with(special.text)) return &special;
  }
  return nullptr;
}

void Tokenizer::to_symbols(std::string_view piece, std::vector<TokenId>& symbols) const {
  symbols.clear();
  const auto byte = [&](char c) {
    const TokenId id = byte_ids_[static_cast<unsigned char>(c)];
    if (id != kNoToken) {
      symbols.push_back(id);
    } else if (unknown_ && (symbols.empty() || symbols.back() != *unknown_)) {
      symbols.push_back(*unknown_);
    }
  };
  if (byte_level_) {
    for (const char c : piece) byte(c);
    return;
  }
  for (std::size_t at = 0; at < piece.size();) {
    const std::size_t length = point_at(piece, at).length;
    const std::string_view point = piece.substr(at, length);
    const auto found = ids_.find(point);
    if (found != ids_.end()) {
      symbols.push_back(found->second);
    } else {
      for (const char c : point) byte(c);
    }
    at += length;
  }
}

// A byte without a token vanishes, so that those around it meet: such a piece stays whole.
bool Tokenizer::has_all_bytes(std::string_view piece) const {
  return every_byte_ || std::ranges::all_of(piece, [this](char c) {
           return byte_ids_[static_cast<unsigned char>(c)] != kNoToken;
         });
}

// A piece whose parts no token joins: each is merged, or remembered, for itself.
void Tokenizer::encode_parts(std::string_view piece, std::size_t first_end, PieceCache& cache,
                             std::vector<TokenId>& symbols, std::vector<TokenId>& out) const {
  for (std::size_t begin = 0, end = first_end; begin < piece.size();
       begin = end, end = begin < piece.size() ? joins_->part_end(piece, begin) : begin) {
    const std::string_view part = piece.substr(begin, end - begin);
    const std::span<const TokenId> held = cache.find(part, PieceCache::Rule::kMerges);
    if (!held.empty()) {
      out.insert(out.end(), held.begin(), held.end());
      continue;
    }
    to_symbols(part, symbols);
    merges_.apply(symbols);
    cache.store(part, PieceCache::Rule::kMerges, symbols);
    out.insert(out.end(), symbols.begin(), symbols.end());
  }
}

void Tokenizer::encode_piece(std::string_view piece, PieceCache& cache,
                             std::vector<TokenId>& symbols, std::vector<TokenId>& out) const {
  const auto rule = whole_pieces_ ? PieceCache::Rule::kWholeFirst : PieceCache::Rule::kMerges;
  if (const std::span<const TokenId> held = cache.find(piece, rule); !held.empty()) {
    out.insert(out.end(), held.begin(), held.end());
    return;
  }
  const std::size_t first = out.size();
  const bool may_cut = joins_ && has_all_bytes(piece);
  const std::size_t end = may_cut ? joins_->part_end(piece, 0) : piece.size();
  if (end < piece.size()) {
    encode_parts(piece, end, cache, symbols, out);
  } else if (const std::optional<TokenId> whole = whole_pieces_ ? find(piece) : std::nullopt) {
    out.push_back(*whole);
  } else {
    to_symbols(piece, symbols);
    merges_.apply(symbols);
    out.insert(out.end(), symbols.begin(), symbols.end());
  }
  cache.store(piece, rule, std::span(out).subspan(first));
}

void Tokenizer::encode_piece_by_definition(std::string_view piece, std::vector<TokenId>& symbols,
                                           std::vector<TokenId>& out) const {
  if (const std::optional<TokenId> whole = whole_pieces_ ? find(piece) : std::nullopt) {
    out.push_back(*whole);
    return;
  }
  to_symbols(piece, symbols);
  merges_.apply_plain(symbols);
  out.insert(out.end(), symbols.begin(), symbols.end());
}

void Tokenizer::encode_plain(std::string_view text, PieceCache* cache,
                             std::vector<TokenId>& out) const {
  if (text.empty()) return;
  std::string normal;
  std::string marked;
  if (nfc_) text = to_nfc(text, normal);
  std::vector<TokenId> symbols;
  const auto encode_one = [&](std::string_view piece) {
    if (cache != nullptr) {
      encode_piece(piece, *cache, symbols, out);
    } else {
      encode_piece_by_definition(piece, symbols, out);
    }
  };
  if (!spaces_are_marks_) {
    std::vector<std::size_t> ends;
    ends.reserve(text.size() / 4);
    pre_tokenizer_.split(text, ends);
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      encode_one(text.substr(begin, end - begin));
      begin = end;
    }
    return;
  }
  marked.reserve(text.size() + text.size() / 2);
  if (space_prefix_) marked += kSpaceMark;
  for (const char c : text) {
    if (c == ' ') {
      marked += kSpaceMark;
    } else {
      marked += c;
    }
  }
  const std::string_view all = marked;
  std::size_t begin = 0;
  while (begin < all.size()) {
    std::size_t end = all.size();
    if (split_at_marks_) {
      // A word: its marks, and what follows up to the next mark.
      std::size_t at = begin;
      while (all.substr(at).starts_with(kSpaceMark)) at += kSpaceMark.size();
      end = std::min(all.find(kSpaceMark, at), all.size());
    }
    encode_one(all.substr(begin, end - begin));
    begin = end;
  }
}

void Tokenizer::encode_all(std::string_view text, EncodeOptions options, PieceCache* cache,
                           std::vector<TokenId>& out) const {
  if (options.add_special && add_bos_ && bos_) out.push_back(*bos_);
  std::size_t begin = 0;
  std::size_t at = 0;
  while (!specials_.empty() && at < text.size()) {
    const Special* special = nullptr;
    if (!by_first_[static_cast<unsigned char>(text[at])].empty()) {
      special = special_at(text, at, options.parse_special);
    }
    if (special == nullptr) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (special->strip_left && end > begin && is_space(text[end - 1])) --end;
    encode_plain(text.substr(begin, end - begin), cache, out);
    out.push_back(special->id);
    at += special->text.size();
    while (special->strip_right && at < text.size() && is_space(text[at])) ++at;
    begin = at;
  }
  encode_plain(text.substr(begin), cache, out);
  if (options.add_special && add_eos_ && eos_) out.push_back(*eos_);
}

void Tokenizer::encode(std::string_view text, EncodeOptions options, PieceCache& cache,
                       std::vector<TokenId>& out) const {
  encode_all(text, options, &cache, out);
}

std::vector<TokenId> Tokenizer::encode_by_definition(std::string_view text,
                                                     EncodeOptions options) const {
  std::vector<TokenId> out;
  encode_all(text, options, nullptr, out);
  return out;
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::vector<TokenId> out;
  PieceCache cache(std::clamp<std::size_t>(text.size() / 8, 16, 1 << 15));
  encode(text, options, cache, out);
  return out;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool with_control) const {
  StreamDecoder decoder(*this, with_control);
  std::string out;
  for (const TokenId id : ids) out += decoder.push(id);
  return out + decoder.finish();
}

std::string StreamDecoder::push(TokenId id) {
  const TokenKind kind = tokenizer_.kind(id);
  const bool hidden = kind == TokenKind::kControl || kind == TokenKind::kUnknown;
  if (hidden && !with_control_) return {};
  const std::string_view bytes = tokenizer_.bytes(id);
  if (tokenizer_.marks_spaces() && kind == TokenKind::kNormal) {
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const std::size_t mark = std::min(rest.find(kSpaceMark), rest.size());
      held_ += rest.substr(0, mark);
      rest.remove_prefix(mark);
      if (rest.empty()) break;
      held_ += ' ';
      rest.remove_prefix(kSpaceMark.size());
    }
  } else {
    held_ += bytes;
  }
  if (strip_ && !held_.empty()) {
    if (held_.front() == ' ') held_.erase(0, 1);
    strip_ = false;
  }
  const std::size_t ready = held_.size() - base::incomplete_utf8_suffix(held_);
  std::string out = base::to_valid_utf8(std::string_view(held_).substr(0, ready));
  held_.erase(0, ready);
  return out;
}

std::string StreamDecoder::finish() {
  std::string out = base::to_valid_utf8(held_);
  held_.clear();
  return out;
}

}  // namespace seine::engine
