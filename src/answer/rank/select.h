// Which passages go to the writer: by words, joined with what a model says of them where there is
// one, with a bound on tokens and on the share of one page. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "answer/passage/split.h"

namespace seine::answer {

// Reciprocal rank fusion (Cormack et al. 2009): sum of 1 / (60 + rank) over the lists. Needs no
// calibration between scores of different kinds. An index that a list lacks adds nothing.
std::vector<double> fuse_ranks(std::size_t count, std::span<const std::vector<std::size_t>> lists);

// Indices by falling score, those above `floor` only; equal scores keep their order.
std::vector<std::size_t> ranking(std::span<const double> scores, double floor = 0);

// So many of the best by words are read anew by a reranker.
inline constexpr std::size_t kRerankMax = 32;

// `order` with its first relevance.size() indices put in order of words + relevance. BM25 is a sum
// of log odds (Robertson and Zaragoza 2009) and seine-embed was trained to give them, so the two
// add as they are. Measured on 400 questions over 18,896 passages of SQuAD: weights of 0.7 to 1.2
// differ by a point. words: a score for every index; relevance: one for each of the first.
std::vector<std::size_t> rerank_order(std::vector<std::size_t> order, std::span<const double> words,
                                      std::span<const float> relevance);

struct SelectLimits {
  std::uint32_t tokens = 6'000;
  std::size_t count = 24;
  std::size_t per_page = 6;
};

// The best passages in order of rank. A text that two pages share comes once.
std::vector<std::size_t> select_passages(std::span<const Passage> passages,
                                         std::span<const std::size_t> ranked, SelectLimits limits);

// Cosine similarity of vectors of length 1; 0 where sizes differ.
double dot(std::span<const float> a, std::span<const float> b);

}  // namespace seine::answer
