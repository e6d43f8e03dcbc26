// Files that are being written, in a folder that several processes share. Each is locked from its
// making until it is closed, which the end of a process does too: so a sweep tells what a crash
// left from what somebody still writes. Blocks on the disk only.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "store/detail/files.h"

namespace seine::store::detail {

struct TemporaryFile {
  Fd fd;  // holds the lock
  std::string path;
};

// A new file in `directory`, whose name nobody else uses. `counter` makes names of one process
// differ.
base::Result<TemporaryFile> create_temporary(const std::string& directory,
                                             std::atomic<std::uint64_t>& counter);
// Removes the files there that nobody writes.
base::Result<void> sweep_temporaries(const std::string& directory);

}  // namespace seine::store::detail
