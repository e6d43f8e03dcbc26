#include "store/worker_pool.h"

#include <atomic>
#include <thread>
#include <vector>

#include "base/queue.h"
#include "store/detail/interrupt.h"

namespace seine::store {

using base::Code;
using base::fail;
using base::Result;

struct WorkerPool::Impl {
  struct Entry {
    Task task;
    CallOptions options;
  };
  explicit Impl(std::size_t capacity) : queue(capacity) {}
  base::BoundedQueue<Entry> queue;
  std::atomic<bool> closing{false};
  std::vector<std::thread> threads;

  void work() {
    for (Entry entry; queue.pop(entry, base::Deadline::never()) == base::QueueStatus::kOk;) {
      entry.task(closing ? fail(Code::kUnavailable, "the store is closing")
                         : detail::check_call(entry.options, "store"));
      entry = {};  // what the task holds goes now, not at the next one
    }
  }
};

WorkerPool::WorkerPool(std::size_t threads, std::size_t queue_capacity)
    : impl_(std::make_unique<Impl>(queue_capacity)) {
  SEINE_ASSERT(threads > 0, "a pool has a thread");
  for (std::size_t i = 0; i < threads; ++i) impl_->threads.emplace_back([this] { impl_->work(); });
}

WorkerPool::~WorkerPool() {
  close();
}

void WorkerPool::close() {
  impl_->closing = true;
  impl_->queue.close();
  for (std::thread& thread : impl_->threads) {
    if (thread.joinable()) thread.join();
  }
}

Result<void> WorkerPool::submit_erased(Task task, CallOptions options) {
  switch (impl_->queue.try_push({std::move(task), std::move(options)})) {
    case base::QueueStatus::kOk:
      return {};
    case base::QueueStatus::kFull:
      return fail(Code::kResourceExhausted, "{} calls to the store are waiting already",
                  impl_->queue.capacity());
    default:
      return fail(Code::kUnavailable, "the store is closing");
  }
}

std::size_t WorkerPool::queued() const {
  return impl_->queue.size();
}

}  // namespace seine::store
