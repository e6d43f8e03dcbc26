#include "store/detail/temporary_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace seine::store::detail {

using base::Code;
using base::Result;

namespace {

// A name is taken only by a writer of this process, or for a moment by a sweep.
constexpr int kTriesMax = 1024;

bool lock_at_once(int fd) {
  return ::flock(fd, LOCK_EX | LOCK_NB) == 0;
}

// A sweep that came between the making and the lock has removed the name.
bool has_name(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 && info.st_nlink > 0;
}

}  // namespace

Result<TemporaryFile> create_temporary(const std::string& directory,
                                       std::atomic<std::uint64_t>& counter) {
  for (int i = 0; i < kTriesMax; ++i) {
    std::string path = fmt::format("{}/{}-{}", directory, ::getpid(), counter++);
    Result<Fd> fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!fd && fd.error().code != Code::kAlreadyExists)
      return std::unexpected(std::move(fd).error());
    if (fd && lock_at_once(fd->get()) && has_name(fd->get()))
      return TemporaryFile{std::move(*fd), std::move(path)};
  }
  return base::fail(Code::kUnavailable, "{}: no free name for a new file after {} tries", directory,
                    kTriesMax);
}

Result<void> sweep_temporaries(const std::string& directory) {
  for (const std::string& name : SEINE_TRY(list_directory(directory))) {
    const std::string path = directory + "/" + name;
    const Result<Fd> fd = open_file(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    if (fd && lock_at_once(fd->get())) ::unlink(path.c_str());
  }
  return {};
}

}  // namespace seine::store::detail
