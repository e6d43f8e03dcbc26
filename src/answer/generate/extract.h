// The answer without a model: the sentence of the sources that answers best, by the rarity of the
// question's words it holds and the kind of thing asked for. Says how sure it is, so that "not in
// the sources" is an answer. Pure over its arguments.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "answer/passage/split.h"
#include "answer/plan/question.h"
#include "answer/rank/bm25.h"

namespace seine::answer {

struct Extract {
  std::size_t passage = 0;   // index among those given
  std::size_t sentence = 0;  // of the passage
  double score = 0;
  // Share of the question's weight that the sentence and what stands around it hold.
  double coverage = 0;
  bool fits = true;  // it holds the kind of thing asked for: a number, a date, a name
};

// Below this share of the question's words the sources are about something else. Measured
// (bench/answer) so that answerable questions are kept and most of the others are not answered; in
// Chinese every pair of characters is a word, so that fewer of them meet.
inline constexpr double kCoverageMin = 0.5;
inline constexpr double kCoverageMinChinese = 0.42;

// The best sentences of `chosen` (indices into `passages`, best first), best first, at most
// `count`; empty when nothing reaches the least coverage. `index` ranks words by rarity; it holds
// `passages` in their order. `titles` are by page.
std::vector<Extract> extract_sentences(const Question& question, std::span<const Passage> passages,
                                       std::span<const std::size_t> chosen,
                                       std::span<const Page> pages, Bm25& index, std::size_t count);

}  // namespace seine::answer
