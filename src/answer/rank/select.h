// Which passages go to the writer: by words, joined with vectors where there are any, with a bound
// on tokens and on the share of one page. Pure.
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
