// From a plan to opened pages: searches side by side, reads side by side, and goes on when the time
// is up with what is there. Every search and every page is a step; every page that was asked for
// becomes a source, opened or failed and why. On the run's thread.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "answer/answers.h"
#include "answer/plan/queries.h"
#include "answer/ports.h"
#include "answer/record.h"
#include "answer/trail.h"

namespace seine::answer {

struct Gathered {
  std::vector<Page> pages;
  std::vector<int> source_of_page;     // Source::id
  std::optional<base::Error> trouble;  // why there is no page, where that was a failure
};

class Gatherer {
 public:
  struct Context {
    Search* search;
    Pages* pages;
    const AnswerSettings& settings;
    const base::Clock& clock;
    base::TimePoint started;
    std::stop_token stop;
    Trail& trail;
    RunRecord& record;
  };

  explicit Gatherer(Context context) : c_(std::move(context)) {}

  // Files first, then the sites if any are named, else the addresses in the question and the hits.
  Gathered gather(const AskRequest& request, const Question& question, const Plan& plan);

 private:
  struct Target {
    ReadRequest request;
    std::string title;
    std::string published;
  };
  base::Deadline by(std::chrono::milliseconds since_start) const {
    return base::Deadline::at(c_.started + since_start);
  }
  std::vector<SearchHit> search(const Plan& plan, Gathered& out);
  void read(const std::vector<Target>& targets, Gathered& out);
  void read_sites(const AskRequest& request, const Question& question, Gathered& out);
  void opened(Source source, Page page, Gathered& out);
  void missed(Source source, const base::Error& error);

  const Context c_;
};

// The registrable part is web's matter; people know a page by its host.
std::string host_of(std::string_view url);

}  // namespace seine::answer
