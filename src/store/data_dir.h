// The data directory of one Seine: its layout (docs/formats/data-directory.md) and the lock that
// keeps a second process out. Folders and files are the owner's alone (0700, 0600). Plain paths,
// safe on any thread; the composition root owns it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace seine::store {

// Held for the life of the process; released by the kernel however the process ends.
class DataDirLock {
 public:
  DataDirLock(DataDirLock&& other) noexcept;
  DataDirLock& operator=(DataDirLock&&) = delete;
  ~DataDirLock();

 private:
  friend class DataDir;
  explicit DataDirLock(int fd) : fd_(fd) {}
  int fd_;
};

class DataDir {
 public:
  // Creates the directory and its parts where absent. kPermissionDenied when they are not ours to
  // write; kInvalidArgument for an empty path.
  static base::Result<DataDir> open(const std::string& root);

  // flock on run/seine.pid. kFailedPrecondition "already used by process N" when another process
  // (or an earlier lock of this one) holds it.
  base::Result<DataDirLock> lock() const;

  const std::string& root() const { return root_; }
  std::string database(std::string_view name = "seine") const;  // db/NAME.db
  std::string blobs() const { return root_ + "/blobs"; }
  std::string tmp() const { return root_ + "/tmp"; }
  std::string logs() const { return root_ + "/logs"; }
  std::string run() const { return root_ + "/run"; }
  std::string backups() const { return root_ + "/backups"; }
  std::string pid_file() const { return root_ + "/run/seine.pid"; }

 private:
  explicit DataDir(std::string root) : root_(std::move(root)) {}
  std::string root_;
};

}  // namespace seine::store
