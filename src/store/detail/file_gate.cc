#include "store/detail/file_gate.h"

#include <sys/file.h>

#include <cerrno>

namespace seine::store::detail {
namespace {

void set_lock(int fd, int operation) {
  while (flock(fd, operation) != 0 && errno == EINTR) {
  }
}

}  // namespace

void FileGate::lock() {
  threads_.lock();
  set_lock(file_.get(), LOCK_EX);
}

void FileGate::unlock() {
  set_lock(file_.get(), LOCK_UN);
  threads_.unlock();
}

void FileGate::lock_shared() {
  threads_.lock_shared();
  const std::lock_guard counting(count_mutex_);
  if (readers_++ == 0) set_lock(file_.get(), LOCK_SH);
}

void FileGate::unlock_shared() {
  {
    const std::lock_guard counting(count_mutex_);
    if (--readers_ == 0) set_lock(file_.get(), LOCK_UN);
  }
  threads_.unlock_shared();
}

}  // namespace seine::store::detail
