// Measures a model that answers from passages on a QA set: exact match, F1, citations, abstention
// and speed. Blocks until done; a few questions run side by side.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "engine/engine.h"
#include "engine/eval/qa_set.h"
#include "engine/spans/span_reader.h"

namespace seine::engine {

// One question, what was right and what each prompt gave.
struct QaCase {
  std::string question;
  std::vector<std::string> answers;  // none: the passages do not hold one
  std::string given;                 // empty: none was given
  double f1 = 0;
  bool cited_right = false;
  struct Part {
    double refusal = 0;
    double score = 0;  // of the best span, in nats
    std::string span;
    bool holds_answer = false;  // the span's passage is the right one
  };
  std::vector<Part> parts;
};

struct QaRunSettings {
  std::size_t questions = 0;    // at most, drawn evenly; 0: all
  std::size_t distractors = 0;  // near passages beside the one that holds the answer
  bool missing = false;         // only near passages: the right answer is none
  // Only articles that the hash of their title holds out, as training does; 0: all.
  std::uint32_t articles_per_mille = 0;
  SpanSettings spans = {};
  std::function<void(const QaCase&)> each = {};
};

// Questions without answers, and all of a run with `missing`, are unanswerable: of those only
// `caught` tells, the others speak of the answerable.
struct QaFigures {
  double exact = 0;  // percent of the answerable, an abstention counts as wrong
  double f1 = 0;
  double answered = 0;  // percent of the answerable
  double cited = 0;     // percent of those answered that cite the passage that holds the answer
  double caught = 0;    // percent of the unanswerable that were not answered
};

struct QaReport {
  std::size_t questions = 0;
  std::size_t unanswerable = 0;  // of the questions
  QaFigures figures;
  double literal = 0;  // percent of all answers given that stand in the cited passage
  double seconds_per_question = 0;
  double tokens_per_second = 0;
  struct AtThreshold {
    double refusal_max = 0;
    QaFigures figures;
  };
  std::vector<AtThreshold> thresholds;  // the same for other thresholds of refusal
};

base::Result<QaReport> run_qa(Engine& engine, const QaSet& set, const QaRunSettings& settings);
base::Json to_json(const QaReport& report);
base::Json to_json(const QaCase& one);

}  // namespace seine::engine
