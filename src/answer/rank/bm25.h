// BM25 over the passages of one answer, by the words of the store's tokenizer, so that English and
// Chinese rank as they do in the index. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/tokenizer.h"

namespace seine::answer {

class Bm25 {
 public:
  // Robertson's k1 and b as measured best on the passages of SQuAD and CMRC.
  static constexpr double kK1 = 1.2;
  static constexpr double kB = 0.75;

  // `prefix` (title, headings) counts as part of the text. Returns its index.
  std::size_t add(std::string_view prefix, std::string_view text);
  std::size_t size() const { return lengths_.size(); }

  // One score a text, 0 for those without a word of the query.
  std::vector<double> scores(std::string_view query);
  // How rare a term is: Lucene's idf. A term that no text has counts as in one.
  double idf(const std::string& term) const;

  // The distinct terms of a query; stop words only when there is nothing else.
  std::vector<std::string> terms(std::string_view text);

 private:
  struct Posting {
    std::size_t text;
    double count;
  };
  void count(std::string_view text, std::size_t index);

  store::Tokenizer tokenizer_;
  std::unordered_map<std::string, std::vector<Posting>> postings_;
  std::vector<double> lengths_;
  double total_length_ = 0;
};

}  // namespace seine::answer
