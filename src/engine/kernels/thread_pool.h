// ThreadPool: the compute threads of one engine. run() calls a function once on each thread (the
// caller is thread 0) and returns when all are done: the barrier between ops. Workers spin for some
// microseconds and then sleep on a futex, so an idle engine costs nothing. One caller at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace seine::engine {

class ThreadPool {
 public:
  // threads >= 1, the caller included.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return threads_; }
  // 1.5 MiB of each thread's own, aligned to 64 bytes.
  std::byte* scratch(int thread) { return scratch_[static_cast<std::size_t>(thread)].get(); }

  // work(thread) on every thread.
  template <typename Work>
  void run(Work&& work) {
    using Plain = std::remove_reference_t<Work>;
    run_erased([](void* self, int thread) { (*static_cast<Plain*>(self))(thread); },
               static_cast<void*>(std::addressof(work)));
  }

  // work(begin, end, thread) over contiguous shares of [0, count), each a multiple of `grain` but
  // the last. Runs on the caller alone when one share would hold everything.
  template <typename Work>
  void split(std::int64_t count, std::int64_t grain, Work&& work) {
    const std::int64_t units = (count + grain - 1) / grain;
    if (units <= 1 || threads_ == 1) {
      if (count > 0) work(std::int64_t{0}, count, 0);
      return;
    }
    run([&](int thread) {
      const std::int64_t begin = units * thread / threads_ * grain;
      std::int64_t end = units * (thread + 1) / threads_ * grain;
      if (end > count) end = count;
      if (begin < end) work(begin, end, thread);
    });
  }

  // work(index, thread) for each index: a thread goes through a share of its own in order, so that
  // memory read on its way is read on without a break, then takes from the shares of others.
  template <typename Work>
  void each(std::int64_t count, Work&& work) {
    if (count <= 1 || threads_ == 1) {
      for (std::int64_t i = 0; i < count; ++i) work(i, 0);
      return;
    }
    for (int t = 0; t < threads_; ++t) {
      shares_[static_cast<std::size_t>(t)].next.store(count * t / threads_,
                                                      std::memory_order_relaxed);
    }
    run([&](int thread) {
      for (int of = 0; of < threads_; ++of) {
        const int share = (thread + of) % threads_;
        const std::int64_t end = count * (share + 1) / threads_;
        std::atomic<std::int64_t>& next = shares_[static_cast<std::size_t>(share)].next;
        // Read before it is taken, as all come by each share at the end.
        while (next.load(std::memory_order_relaxed) < end) {
          const std::int64_t i = next.fetch_add(1, std::memory_order_relaxed);
          if (i < end) work(i, thread);
        }
      }
    });
  }

 private:
  using Function = void (*)(void*, int);
  struct alignas(64) Share {
    std::atomic<std::int64_t> next{0};
  };
  struct Free {
    void operator()(std::byte* p) const;
  };

  void run_erased(Function function, void* self);
  void worker(int thread);

  const int threads_;
  std::vector<std::unique_ptr<std::byte, Free>> scratch_;
  std::vector<Share> shares_;
  Function function_ = nullptr;
  void* self_ = nullptr;
  alignas(64) std::atomic<std::uint32_t> generation_{0};
  alignas(64) std::atomic<std::int32_t> running_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace seine::engine
