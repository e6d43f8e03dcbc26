// A model's text, piece by piece, into words and citations. Knows the spellings that models drift
// between: [citation:3], [citation:1,2], [citation:1-3], 【citation:1】, 【1†source】,
// ［引用：１］, [webpage 2], and, where asked to, plain [3]. What stands in code or is the text of
// a link is left alone. Sans-IO: any cut of the input gives the same text and citations. One
// thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace seine::answer {

// Numbers as the model wrote them, in its order, each once, those in [1, max] only. Empty when
// every one was out of range: the mark is then simply gone.
struct CitationMark {
  std::vector<int> numbers;
  bool operator==(const CitationMark&) const = default;
};
using CitedPiece = std::variant<std::string, CitationMark>;

class CitationParser {
 public:
  static constexpr std::size_t kMarkBytesMax = 96;

  // Numbers past `max` do not exist. `plain`: "[3]" counts, too.
  CitationParser(int max, bool plain) : max_(max), plain_(plain) {}

  std::vector<CitedPiece> feed(std::string_view piece);
  std::vector<CitedPiece> finish();

 private:
  enum class Match : std::uint8_t { kNo, kYes, kMore };
  struct Found {
    Match match;
    std::size_t bytes = 0;
    CitationMark mark = {};
  };

  void run(bool last, std::vector<CitedPiece>& out);
  bool code(bool last, std::string& text);
  Found mark_at(std::string_view text, bool last) const;

  const int max_;
  const bool plain_;
  std::string held_;
  std::size_t fence_ = 0;  // backticks that opened the code we are in; 0: none
};

}  // namespace seine::answer
