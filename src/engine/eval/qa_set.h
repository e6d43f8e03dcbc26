// QA sets for measuring models that answer from passages: JSON lines of
// {title, context, qas: [{q, a: [answers]}]}, near passages as distractors, and the usual scores.
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seine::engine {

struct QaQuestion {
  std::string question;
  std::vector<std::string> answers = {};
  std::size_t passage = 0;  // that holds the answer
};

struct QaSet {
  std::vector<std::string> passages;  // "title: text"
  std::vector<std::string> titles;    // of each passage, as stored
  std::vector<QaQuestion> questions;
};

// Errors name the line.
base::Result<QaSet> parse_qa(std::string_view json_lines);

// Passages near a question by its words (BM25), none of which holds an answer; at most `count`,
// nearest first.
class NearPassages {
 public:
  explicit NearPassages(const QaSet& set);  // outlives this
  ~NearPassages();
  NearPassages(const NearPassages&) = delete;
  NearPassages& operator=(const NearPassages&) = delete;
  std::vector<std::size_t> find(const QaQuestion& question, std::size_t count) const;

 private:
  struct Index;
  const QaSet& set_;
  std::unique_ptr<Index> index_;
};

struct QaScore {
  double exact = 0;  // 0 or 1
  double f1 = 0;
};
// The best over the answers, after the SQuAD normalisation; Han characters count one by one, and
// articles are dropped in text without them.
QaScore score_answer(std::string_view given, const std::vector<std::string>& answers);

}  // namespace seine::engine
