#include "engine/scheduler/work_pool.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace seine::engine {

WorkPool::WorkPool(int threads) {
  for (int i = 0; i < threads; ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

WorkPool::~WorkPool() {
  wait_idle();
  for (std::jthread& thread : threads_) thread.request_stop();
  changed_.notify_all();
}

void WorkPool::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !jobs_.empty(); })) {
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it holds goes away before anybody is told
    lock.lock();
    if (--unfinished_ == 0) changed_.notify_all();
  }
}

void WorkPool::post(std::function<void()> job) {
  if (threads_.empty()) return job();
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    ++unfinished_;
  }
  changed_.notify_all();
}

void WorkPool::wait_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return unfinished_ == 0; });
}

void WorkPool::parallel(std::size_t count, const std::function<void(std::size_t)>& job) {
  if (count == 0) return;
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) job(i);
  };
  for (std::size_t i = 0; i < std::min(threads_.size(), count - 1); ++i) post(take);
  take();
  wait_idle();
}

}  // namespace seine::engine
