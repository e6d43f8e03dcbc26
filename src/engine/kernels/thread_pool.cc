#include "engine/kernels/thread_pool.h"

#include <immintrin.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/assert.h"
#include "engine/kernels/table.h"

namespace seine::engine {
namespace {

// 50 to 130 us of pauses: longer than one thread waits for another at the end of most products,
// where waking it up would cost as much, shorter than anything a person would notice.
constexpr int kSpins = 3000;

}  // namespace

void ThreadPool::Free::operator()(std::byte* p) const {
  std::free(p);
}

ThreadPool::ThreadPool(int threads)
    : threads_(threads), shares_(static_cast<std::size_t>(std::max(threads, 1))) {
  SEINE_ASSERT(threads >= 1, "a pool has at least one thread");
  for (int i = 0; i < threads; ++i) {
    auto* block = static_cast<std::byte*>(std::aligned_alloc(4096, kGemmScratchBytes));
    if (block == nullptr) throw std::bad_alloc();
    std::memset(block, 0, kGemmScratchBytes);
    scratch_.emplace_back(block);
  }
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { worker(i); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::run_erased(Function function, void* self) {
  if (threads_ == 1) {
    function(self, 0);
    return;
  }
  function_ = function;
  self_ = self;
  running_.store(threads_ - 1, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  function(self, 0);
  for (int spins = 0;; ++spins) {
    const std::int32_t left = running_.load(std::memory_order_acquire);
    if (left == 0) return;
    if (spins < kSpins) {
      _mm_pause();
    } else {
      running_.wait(left, std::memory_order_acquire);
    }
  }
}

void ThreadPool::worker(int thread) {
  std::uint32_t seen = 0;
  for (;;) {
    for (int spins = 0; generation_.load(std::memory_order_acquire) == seen; ++spins) {
      if (spins < kSpins) {
        _mm_pause();
      } else {
        generation_.wait(seen, std::memory_order_acquire);
      }
    }
    ++seen;
    if (stop_.load(std::memory_order_relaxed)) return;
    function_(self_, thread);
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_one();
  }
}

}  // namespace seine::engine
