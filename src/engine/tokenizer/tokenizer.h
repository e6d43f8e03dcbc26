// Tokenizer: text to token ids and back, exactly as the model was trained: byte-level BPE and
// SentencePiece-style BPE, read from GGUF metadata, tokenizer.json or tiktoken ranks. Immutable
// once loaded and shared by all threads; each thread brings its own PieceCache.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "engine/formats/metadata.h"
#include "engine/formats/model_file.h"
#include "engine/tokenizer/bpe.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "engine/tokenizer/token_joins.h"

namespace seine::engine {

// GGUF's numbers.
enum class TokenKind : std::uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

struct EncodeOptions {
  // Control tokens spelt in the text become those tokens. Off for text from outside.
  bool parse_special = false;
  // BOS and EOS as the model's settings say; off when a template has written them.
  bool add_special = false;
};

class Tokenizer {
 public:
  static base::Result<std::shared_ptr<const Tokenizer>> of_model(const ModelFile& model);
  static base::Result<std::shared_ptr<const Tokenizer>> of_gguf(const Metadata& metadata);
  static base::Result<std::shared_ptr<const Tokenizer>> of_json(std::string_view tokenizer_json,
                                                                std::string_view config_json);
  // `ranks`: lines "BASE64 RANK". Any adjacent pair whose joined bytes have a rank may merge, the
  // lowest first. With `whole_pieces` a piece that is itself a token is never split.
  static base::Result<std::shared_ptr<const Tokenizer>> of_tiktoken(std::string_view ranks,
                                                                    std::string_view pre_tokenizer,
                                                                    bool whole_pieces);

  std::size_t size() const { return tokens_.size(); }

  std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;
  // Appends to `out`.
  void encode(std::string_view text, EncodeOptions options, PieceCache& cache,
              std::vector<TokenId>& out) const;
  // The same by the definition, without cache, cuts and heap: O(n^2), what tests compare with.
  std::vector<TokenId> encode_by_definition(std::string_view text,
                                            EncodeOptions options = {}) const;

  // What the token adds to the text, in bytes that need not be UTF-8 by themselves; empty for ids
  // outside the vocabulary. Control tokens give their name.
  std::string_view bytes(TokenId id) const;
  TokenKind kind(TokenId id) const;
  // All bytes in a row, control tokens left out unless asked for; ill-formed UTF-8 becomes U+FFFD.
  std::string decode(std::span<const TokenId> ids, bool with_control = false) const;

  // The token with exactly these bytes: "<think>", "</s>".
  std::optional<TokenId> find(std::string_view bytes) const;
  std::optional<TokenId> bos() const { return bos_; }
  std::optional<TokenId> eos() const { return eos_; }
  bool ends_generation(TokenId id) const;
  bool add_bos() const { return add_bos_; }
  bool add_eos() const { return add_eos_; }
  // SentencePiece writes a space before the text and takes it away when decoding.
  bool strips_leading_space() const { return space_prefix_; }
  bool marks_spaces() const { return spaces_are_marks_; }

  // The tokenizer.ggml.* keys that of_gguf would read back; an error for stages GGUF cannot name.
  base::Result<Metadata> to_gguf() const;

 private:
  friend class TokenizerBuilder;
  Tokenizer() = default;

  // Without a cache, by the definition.
  void encode_all(std::string_view text, EncodeOptions options, PieceCache* cache,
                  std::vector<TokenId>& out) const;
  void encode_plain(std::string_view text, PieceCache* cache, std::vector<TokenId>& out) const;
  void encode_piece(std::string_view piece, PieceCache& cache, std::vector<TokenId>& symbols,
                    std::vector<TokenId>& out) const;
  void encode_piece_by_definition(std::string_view piece, std::vector<TokenId>& symbols,
                                  std::vector<TokenId>& out) const;
  void encode_parts(std::string_view piece, std::size_t first_end, PieceCache& cache,
                    std::vector<TokenId>& symbols, std::vector<TokenId>& out) const;
  void to_symbols(std::string_view piece, std::vector<TokenId>& symbols) const;
  bool has_all_bytes(std::string_view piece) const;
  struct Special {
    std::string text;
    TokenId id;
    bool control;  // only with parse_special
    bool strip_left = false;
    bool strip_right = false;
  };
  const Special* special_at(std::string_view text, std::size_t at, bool control) const;

  struct Token {
    std::string bytes;
    float score = 0;
    TokenKind kind = TokenKind::kNormal;
  };
  std::vector<Token> tokens_;
  std::unordered_map<std::string_view, TokenId> ids_;  // views into tokens_
  MergeTable merges_;
  std::optional<TokenJoins> joins_;  // where pieces start as bytes
  bool every_byte_ = false;          // has a token
  PreTokenizer pre_tokenizer_;
  std::array<TokenId, 256> byte_ids_{};
  std::vector<Special> specials_;                           // longest first
  std::array<std::vector<std::uint16_t>, 256> by_first_{};  // indices into specials_

  bool byte_level_ = true;     // else symbols are code points with byte fall-back
  bool whole_pieces_ = false;  // "ignore_merges"
  bool nfc_ = false;
  bool spaces_are_marks_ = false;  // U+2581 stands for the space
  bool space_prefix_ = false;
  bool split_at_marks_ = false;  // no token crosses the start of a word
  bool add_bos_ = false;
  bool add_eos_ = false;
  std::optional<TokenId> bos_;
  std::optional<TokenId> eos_;
  std::optional<TokenId> unknown_;
  std::optional<TokenId> padding_;
  std::vector<TokenId> ends_;  // all that end generation, sorted
};

// Tokens to text as they come: bytes of a code point are held back until it is complete, so that
// every piece is well-formed UTF-8. One stream each, one thread.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool with_control = false,
                         bool at_start = true)
      : tokenizer_(tokenizer),
        with_control_(with_control),
        strip_(at_start && tokenizer.strips_leading_space()) {}

  std::string push(TokenId id);
  // What is left of a code point that never completed, as U+FFFD.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  std::string held_;
  bool with_control_;
  bool strip_;
};

}  // namespace seine::engine
