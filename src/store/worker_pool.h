// Threads of the store for calls that block: reads, blobs, text searches. The bridge from the
// coroutine world: submit returns at once, the completion runs on a pool thread. Bounded queue;
// owned by the composition root; safe on any thread. Writes have their own road
// (Database::submit_write).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "store/database.h"

namespace seine::store {

class WorkerPool {
 public:
  WorkerPool(std::size_t threads, std::size_t queue_capacity);
  ~WorkerPool();  // close()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // `job()` returns Result<T>; `done(Result<T>)` is called exactly once on a pool thread, unless
  // submit itself fails (kResourceExhausted: the queue is full; kUnavailable: closing). A job whose
  // deadline passes or whose stop is requested while it waits is not run.
  template <typename Job, typename Done>
  base::Result<void> submit(Job job, Done done, CallOptions options = {}) {
    using R = std::invoke_result_t<Job&>;
    return submit_erased(
        [job = std::move(job), done = std::move(done)](base::Result<void> may_run) mutable {
          if (!may_run) {
            done(R(std::unexpected(std::move(may_run).error())));
          } else {
            done(job());
          }
        },
        std::move(options));
  }

  // Finishes what runs, completes calls that still wait with kUnavailable, and ends the threads;
  // submit fails from then on. Once is enough; not from the pool's own threads.
  void close();

  std::size_t queued() const;

 private:
  using Task = std::move_only_function<void(base::Result<void>)>;
  struct Impl;
  base::Result<void> submit_erased(Task task, CallOptions options);

  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::store
