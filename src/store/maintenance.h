// Care of a database file: backup while it is in use, restore, and the checks of `seine doctor`.
// Free functions that block; a backup may run on any thread beside readers and the writer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace seine::store {

struct BackupProgress {
  std::uint64_t pages_done = 0;
  std::uint64_t pages_total = 0;
};

struct BackupOptions {
  int pages_per_step =
      256;  // 1 MiB at the usual page size: a cancelled backup stops within one step
  CallOptions call = {};
  std::function<void(const BackupProgress&)> progress = {};
};

// Copies one snapshot of the database file at `source` to the new file `destination` as a single
// file without a log. Written beside it, checked and renamed, so that a destination that exists is
// whole. kAlreadyExists if the destination is there.
base::Result<void> backup_database(const std::string& source, const std::string& destination,
                                   const BackupOptions& options = {});

// Puts a backup in the place of the database at `target`, which no process may have open (hold the
// DataDirLock). The backup is verified first; what was there is kept and its new path returned (""
// if there was nothing). At any crash the target is either the old database or the restored one.
base::Result<std::string> restore_database(const std::string& backup, const std::string& target);

// Opens the file read-only and runs the integrity and foreign key checks. Empty when all is well;
// each entry is one problem in words. An error when the file cannot be examined at all.
base::Result<std::vector<std::string>> check_database(const std::string& path,
                                                      const CallOptions& options = {});

// Bytes that an unprivileged process may still write on the file system of `path`.
base::Result<std::uint64_t> free_space(const std::string& path);

}  // namespace seine::store
