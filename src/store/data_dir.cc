#include "store/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.h"
#include "store/detail/files.h"

namespace seine::store {

using base::Code;
using base::fail;
using base::Result;

DataDirLock::DataDirLock(DataDirLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DataDirLock::~DataDirLock() {
  // The file stays: removing it would let two processes lock two files of one name.
  if (fd_ >= 0) ::close(fd_);
}

Result<DataDir> DataDir::open(const std::string& root) {
  if (root.empty()) return fail(Code::kInvalidArgument, "the data directory has no path");
  std::string clean = root;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  DataDir dir(clean);
  for (const std::string& part : {dir.root_, dir.root_ + "/db", dir.blobs(), dir.tmp(), dir.logs(),
                                  dir.run(), dir.backups()}) {
    SEINE_CHECK(detail::make_directories(part));
    if (::access(part.c_str(), R_OK | W_OK | X_OK) != 0) {
      return std::unexpected(detail::file_error("use data directory", part, errno));
    }
  }
  return dir;
}

std::string DataDir::database(std::string_view name) const {
  return fmt::format("{}/db/{}.db", root_, name);
}

Result<DataDirLock> DataDir::lock() const {
  detail::Fd fd = SEINE_TRY(detail::open_file(pid_file(), O_RDWR | O_CREAT));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return std::unexpected(detail::file_error("lock", pid_file(), errno));
    std::array<char, 32> text{};
    const ssize_t length = ::pread(fd.get(), text.data(), text.size(), 0);
    const auto holder =
        base::trim({text.data(), static_cast<std::size_t>(length > 0 ? length : 0)});
    return fail(Code::kFailedPrecondition, "the data directory {} is already used by process {}",
                root_, base::parse_u64(holder) ? holder : std::string_view("unknown"));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd.get(), 0) != 0) {
    return std::unexpected(detail::file_error("truncate", pid_file(), errno));
  }
  SEINE_CHECK(detail::write_all(fd.get(), pid_file(), pid));
  return DataDirLock(fd.release());
}

}  // namespace seine::store
