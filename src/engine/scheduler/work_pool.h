// WorkPool: threads for what stands beside the model's arithmetic: sampling, masks, text, streams.
// The scheduler's thread posts and waits; the jobs never wait for it. All members are called by one
// thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace seine::engine {

class WorkPool {
 public:
  explicit WorkPool(int threads);
  // Runs what was posted first.
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  void post(std::function<void()> job);
  // Until every posted job has ended.
  void wait_idle();
  // job(i) for i in [0, count), on the threads and on this one; returns when all are done.
  void parallel(std::size_t count, const std::function<void(std::size_t)>& job);

 private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> jobs_;  // bounded: a job or two for each running task
  std::size_t unfinished_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace seine::engine
