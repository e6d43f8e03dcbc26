// File descriptors and the steps that make a file durable. Blocks; errors name the path, and a full
// disk is kResourceExhausted.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace seine::store::detail {

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_;
};

// errno as an error; ENOSPC, EDQUOT and EFBIG as kResourceExhausted with what is free.
base::Error file_error(std::string_view what, const std::string& path, int error_number);

base::Result<Fd> open_file(const std::string& path, int flags, unsigned mode = 0600);
base::Result<void> write_all(int fd, const std::string& path, std::string_view bytes);
base::Result<void> sync_file(int fd, const std::string& path);
// fsync of a directory: makes renames and unlinks within it durable.
base::Result<void> sync_directory(const std::string& path);
// 0700, with its parents; no error if it is there.
base::Result<void> make_directories(const std::string& path);
base::Result<void> rename_file(const std::string& from, const std::string& to);
// The names in it, without "." and "..".
base::Result<std::vector<std::string>> list_directory(const std::string& path);
bool exists(const std::string& path);

}  // namespace seine::store::detail
