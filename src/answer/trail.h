// Trail: what a run tells while it works: steps and sources, streamed as events and kept for the
// answer. Belongs to the run's thread; the log is shared.
#pragma once

#include <string>
#include <vector>

#include "answer/run_log.h"
#include "answer/types.h"
#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/language.h"

namespace seine::answer {

class Trail {
 public:
  // All outlive it.
  Trail(RunLog& log, const base::Clock& clock, base::TimePoint started)
      : log_(log), clock_(clock), started_(started) {}

  // The language of titles; known once the question has been read.
  void speak(base::Language language) { language_ = language; }
  base::Language language() const { return language_; }
  std::string_view say(base::Bilingual text) const { return text.in(language_); }

  int begin(StepKind kind, std::string title, const base::Json& detail);
  void done(int step, const base::Json& detail);
  void failed(int step, std::string reason);

  // Adds a source (its id is given here) or tells a change of one.
  int add(Source source);
  void update(const Source& source);
  Source& source(int id) { return sources_[static_cast<std::size_t>(id) - 1]; }

  std::int64_t elapsed_ms() const;
  RunLog& log() { return log_; }
  const std::vector<Step>& steps() const { return steps_; }
  const std::vector<Source>& sources() const { return sources_; }

 private:
  struct Started {
    base::TimePoint at;
  };
  RunLog& log_;
  const base::Clock& clock_;
  const base::TimePoint started_;
  base::Language language_ = base::Language::kEnglish;
  std::vector<Step> steps_;
  std::vector<Started> begun_;
  std::vector<Source> sources_;
};

}  // namespace seine::answer
