// The life of one question: plan, search, read, rank, write, verify, record. Blocking, on the run's
// thread; everything it tells goes to the run's log.
#pragma once

#include "answer/answers.h"
#include "answer/record.h"

namespace seine::answer {

class Pipeline {
 public:
  // `replay`: what a run recorded, so that nothing is drawn or asked anew; null for a fresh run.
  Pipeline(const Answers::Ports& ports, const AnswerSettings& settings, Run& run,
           const RunRecord* replay = nullptr);

  // Never fails: the answer says what went wrong. The log gets everything but the DoneEvent.
  Answer run();
  const RunRecord& record() const { return record_; }

 private:
  class Work;
  const Answers::Ports& ports_;
  const AnswerSettings& settings_;
  Run& run_;
  const RunRecord* replay_;
  RunRecord record_;
};

}  // namespace seine::answer
