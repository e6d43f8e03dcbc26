// Measures a model that answers from passages on a QA set: exact match, F1, citations, abstention
// and speed. Blocks until done; a few questions run side by side.
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "engine/engine.h"
#include "engine/eval/qa_set.h"
#include "engine/spans/span_reader.h"

namespace seine::engine {

struct QaRunSettings {
  std::size_t questions = 0;    // at most, drawn evenly; 0: all
  std::size_t distractors = 0;  // near passages beside the one that holds the answer
  bool missing = false;         // only near passages: the right answer is none
  // Only articles that the hash of their title holds out, as training does; 0: all.
  std::uint32_t articles_per_mille = 0;
  SpanSettings spans = {};
};

struct QaReport {
  std::size_t questions = 0;
  double exact = 0;  // percent of all, an abstention counts as wrong
  double f1 = 0;
  double answered = 0;  // percent of all
  double cited = 0;     // percent of the answered that cite the passage that holds the answer
  double literal = 0;   // percent of the answered that stand in the cited passage
  double seconds_per_question = 0;
  double tokens_per_second = 0;
  // The same for other thresholds of refusal.
  struct AtThreshold {
    double refusal_max = 0;
    double exact = 0;
    double f1 = 0;
    double answered = 0;
    double cited = 0;
  };
  std::vector<AtThreshold> thresholds;
};

base::Result<QaReport> run_qa(Engine& engine, const QaSet& set, const QaRunSettings& settings);
base::Json to_json(const QaReport& report);

}  // namespace seine::engine
