// Text to index terms, the same for documents and questions, each with its byte span in the
// original. Latin words are lower-cased, stripped of accents and stemmed; Han, kana and Hangul come
// as single characters and overlapping pairs; Traditional is folded to Simplified, full-width to
// half-width. Pure: no state survives a call. One Tokenizer belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace seine::store {

struct Token {
  std::string text;       // the term
  std::size_t begin = 0;  // bytes [begin, end) of the original
  std::size_t end = 0;
  std::uint32_t position = 0;  // terms at neighbouring positions are neighbours in a phrase
  bool extra = false;  // shares the position of the term before it (a pair, a whole compound)
  bool cjk = false;    // of a script written without spaces
  bool stop = false;   // a stop word: English, matched before stemming
};

enum class Stemming : std::uint8_t { kNone, kEnglish };

// Stored with every index: a text indexed under another version has to be indexed again.
inline constexpr int kTokenizerVersion = 1;

class Tokenizer {
 public:
  static constexpr std::size_t kTermBytesMax = 96;  // longer words keep their beginning

  explicit Tokenizer(Stemming stemming = Stemming::kEnglish);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // Calls `sink(const Token&)` for each term in order of position; stops early when it returns
  // false. The token is reused between calls. Ill-formed UTF-8 separates words.
  template <typename Sink>
  void run(std::string_view text, Sink&& sink) {
    run_erased(
        text,
        [](void* context, const Token& token) {
          return (*static_cast<std::remove_reference_t<Sink>*>(context))(token);
        },
        &sink);
  }
  std::vector<Token> tokens(std::string_view text);

 private:
  using ErasedSink = bool (*)(void* context, const Token& token);
  void run_erased(std::string_view text, ErasedSink sink, void* context);
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Accents, case, width and Traditional/Simplified folded away, nothing split or stemmed: for
// comparing names and quotations.
std::string fold_text(std::string_view text);

}  // namespace seine::store
