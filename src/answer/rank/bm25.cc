#include "answer/rank/bm25.h"

#include <algorithm>
#include <cmath>

namespace seine::answer {

void Bm25::count(std::string_view text, std::size_t index) {
  tokenizer_.run(text, [this, index](const store::Token& token) {
    if (token.stop) return true;
    std::vector<Posting>& list = postings_[token.text];
    if (list.empty() || list.back().text != index) list.push_back({index, 0});
    list.back().count += 1;
    lengths_[index] += 1;
    total_length_ += 1;
    return true;
  });
}

std::size_t Bm25::add(std::string_view prefix, std::string_view text) {
  const std::size_t index = lengths_.size();
  lengths_.push_back(0);
  count(prefix, index);
  count(text, index);
  return index;
}

double Bm25::idf(const std::string& term) const {
  const auto found = postings_.find(term);
  // At least one: with few texts, a word that none has would else outweigh all that they have.
  const double with = found == postings_.end() ? 1 : static_cast<double>(found->second.size());
  return std::log(1 + (static_cast<double>(lengths_.size()) - with + 0.5) / (with + 0.5));
}

std::vector<std::string> Bm25::terms(std::string_view text) {
  std::vector<std::string> content;
  std::vector<std::string> all;
  const auto keep = [](std::vector<std::string>& list, const std::string& term) {
    if (std::ranges::find(list, term) == list.end()) list.push_back(term);
  };
  tokenizer_.run(text, [&](const store::Token& token) {
    keep(all, token.text);
    if (!token.stop) keep(content, token.text);
    return all.size() < 256;
  });
  return content.empty() ? all : content;
}

std::vector<double> Bm25::scores(std::string_view query) {
  std::vector<double> out(lengths_.size(), 0);
  if (out.empty()) return out;
  const double average = std::max(1.0, total_length_ / static_cast<double>(out.size()));
  for (const std::string& term : terms(query)) {
    const auto found = postings_.find(term);
    if (found == postings_.end()) continue;
    const double weight = idf(term);
    for (const Posting& posting : found->second) {
      const double norm = kK1 * (1 - kB + kB * lengths_[posting.text] / average);
      out[posting.text] += weight * posting.count * (kK1 + 1) / (posting.count + norm);
    }
  }
  return out;
}

}  // namespace seine::answer
