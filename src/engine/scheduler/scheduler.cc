#include "engine/scheduler/scheduler.h"

#include <iterator>
#include <utility>

#include "base/text.h"

namespace seine::engine {

using base::Code;
using base::Result;

Scheduler::Scheduler(Model& model, KvStorage& kv, const base::Clock& clock,
                     SchedulerMetrics metrics, SchedulerSettings settings, int work_threads)
    : metrics_(metrics),
      queue_max_(settings.queue_max),
      pool_(work_threads),
      core_(model, kv, pool_, clock, metrics, settings),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Scheduler::~Scheduler() {
  thread_.request_stop();
  thread_.join();
}

Result<> Scheduler::submit(TaskSpec spec) {
  std::vector<TaskSpec> one;
  one.push_back(std::move(spec));
  return submit(std::move(one));
}

Result<> Scheduler::submit(std::vector<TaskSpec> specs) {
  for (const TaskSpec& spec : specs) SEINE_CHECK(core_.check(spec));
  {
    const std::lock_guard lock(mutex_);
    if (thread_.get_stop_token().stop_requested())
      return base::fail(Code::kUnavailable, "the engine is shutting down");
    if (waiting_ + specs.size() > queue_max_) {
      metrics_.refused.add();
      return base::fail(Code::kResourceExhausted, "{} requests wait, the limit is {}",
                        base::format_count(waiting_), base::format_count(queue_max_));
    }
    waiting_ += specs.size();
    std::ranges::move(specs, std::back_inserter(incoming_));
  }
  arrived_.notify_one();
  return {};
}

void Scheduler::run(const std::stop_token& stop) {
  bool busy = false;
  while (!stop.stop_requested()) {
    std::vector<TaskSpec> specs;
    {
      std::unique_lock lock(mutex_);
      waiting_ = incoming_.size() + core_.queued();
      if (!busy) arrived_.wait(lock, stop, [this] { return !incoming_.empty(); });
      specs = std::exchange(incoming_, {});
    }
    for (TaskSpec& spec : specs) core_.submit(std::move(spec));
    busy = core_.step(stop);
  }
  const std::lock_guard lock(mutex_);
  for (TaskSpec& spec : incoming_) core_.submit(std::move(spec));
  incoming_.clear();
  core_.fail_all({Code::kUnavailable, "the engine is shutting down"});
}

}  // namespace seine::engine
