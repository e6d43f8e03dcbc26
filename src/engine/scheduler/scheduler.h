// Scheduler: SchedulerCore on a thread of its own. Requests come in from any thread, wait in a
// bounded queue as plain values, and are answered through their decoders. The thread sleeps while
// there is nothing to do.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/error.h"
#include "engine/scheduler/core.h"

namespace seine::engine {

class Scheduler {
 public:
  // All arguments outlive the scheduler. `work_threads` sample and write text.
  Scheduler(Model& model, KvStorage& kv, const base::Clock& clock, SchedulerMetrics metrics,
            SchedulerSettings settings, int work_threads);
  // Ends every task with kUnavailable.
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Refuses what can never run (kInvalidArgument) and what has no room to wait
  // (kResourceExhausted); the decoder is then never called. Any thread.
  base::Result<> submit(TaskSpec spec);
  // The same for several that belong together: all or none.
  base::Result<> submit(std::vector<TaskSpec> specs);

 private:
  void run(const std::stop_token& stop);

  SchedulerMetrics metrics_;
  const std::size_t queue_max_;
  WorkPool pool_;
  SchedulerCore core_;
  std::mutex mutex_;
  std::condition_variable_any arrived_;
  std::vector<TaskSpec> incoming_;
  std::size_t waiting_ = 0;  // incoming and queued
  std::jthread thread_;
};

}  // namespace seine::engine
