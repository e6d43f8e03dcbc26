// Answers: starts runs, each on a thread of a bounded pool, and keeps track of those that go on.
// A run searches, reads, ranks, writes and verifies (pipeline.h), streams its events into its log
// and is recorded at its end. Owned by the composition root; its ports outlive it. Safe on any
// thread; start() never blocks.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "answer/ports.h"
#include "answer/run_log.h"
#include "answer/types.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "llm/ports.h"

namespace seine::answer {

class RunStore;

// How long the parts of a run may take. A slow page never holds an answer up: at `read` the run
// goes on with the pages that are there, or, while there are none, waits until `first_token`.
struct TimeBudget {
  std::chrono::milliseconds plan{2'000};         // the model's own search queries
  std::chrono::milliseconds search{3'000};       // from the start
  std::chrono::milliseconds read{5'500};         // from the start
  std::chrono::milliseconds rank{1'500};         // a model's part in it; later the words decide
  std::chrono::milliseconds first_token{8'000};  // from the start, stated to people
  std::chrono::milliseconds total{180'000};
};

struct AnswerSettings {
  TimeBudget time = {};
  std::size_t threads = 16;  // runs at a time
  std::size_t waiting = 64;  // more answer kResourceExhausted
  std::size_t pages_max = 10;
  std::size_t site_pages_max = 24;
  std::size_t question_bytes_max = 16 << 10;
  std::uint32_t context_tokens = 6'000;  // of sources, for a model that can hold them
};

// One run, shared by its thread and whoever follows it.
class Run {
 public:
  // `finished` gets the answer on the run's thread, before the log tells the end.
  Run(std::string id, AskRequest request, std::function<void(const Answer&)> finished = {})
      : id_(std::move(id)), request_(std::move(request)), finished_(std::move(finished)) {}
  const std::string& id() const { return id_; }
  const AskRequest& request() const { return request_; }
  RunLog& log() { return log_; }
  // Ends it soon, with what there is, as kStopped.
  void stop() { stop_.request_stop(); }
  std::stop_token stop_token() const { return stop_.get_token(); }
  // Tells the end, once; for who runs it.
  void finish(Answer answer) {
    if (finished_) finished_(answer);
    log_.append(DoneEvent{std::move(answer)});
  }

 private:
  const std::string id_;
  const AskRequest request_;
  const std::function<void(const Answer&)> finished_;
  RunLog log_;
  std::stop_source stop_;
};

class Answers {
 public:
  // Ports may be null: no web, no model, nothing kept. An answer then says what it lacked.
  struct Ports {
    Search* search = nullptr;
    Pages* pages = nullptr;
    llm::Generator* generator = nullptr;
    llm::Embedder* embedder = nullptr;
    llm::Reranker* reranker = nullptr;  // asked before the embedder
    RunStore* store = nullptr;
    const base::Clock& clock;
    base::Random& random;
  };

  Answers(Ports ports, AnswerSettings settings);
  // Stops every run and waits for their ends.
  ~Answers();
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  // kInvalidArgument for a question that is empty or too long or a site that is no http address,
  // kResourceExhausted when too many wait. The request's `model` is not checked here.
  base::Result<std::shared_ptr<Run>> start(AskRequest request,
                                           std::function<void(const Answer&)> finished = {});
  // A run that goes on; null when its log has told the end, or it never was.
  std::shared_ptr<Run> find(const std::string& run_id) const;

  // A recorded run made again from its recorded pages and model outputs, with no network and no
  // model. Blocks. kNotFound.
  base::Result<Answer> replay(const std::string& run_id, std::stop_token stop = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::answer
