// A shared lock over the threads of this process and, by flock on a file, over every process that
// opens the same file; the kernel opens it again where a process ends. Where the file system knows
// no such locks it holds for the threads alone. Safe on any thread; used through std::shared_lock
// and std::unique_lock, never twice by one thread.
#pragma once

#include <mutex>
#include <shared_mutex>

#include "store/detail/files.h"

namespace seine::store::detail {

class FileGate {
 public:
  explicit FileGate(Fd file) : file_(std::move(file)) {}

  void lock();
  void unlock();
  void lock_shared();
  void unlock_shared();

 private:
  std::shared_mutex threads_;
  std::mutex count_mutex_;
  int readers_ = 0;  // threads that share the file's lock
  Fd file_;
};

}  // namespace seine::store::detail
