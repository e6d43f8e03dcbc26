#include "store/detail/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/text.h"
#include "store/maintenance.h"

namespace seine::store::detail {

using base::Result;

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

base::Error file_error(std::string_view what, const std::string& path, int error_number) {
  base::Error error = base::errno_error(fmt::format("{} {}", what, path), error_number);
  if (error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG) {
    error.code = base::Code::kResourceExhausted;
    const std::size_t slash = path.rfind('/');
    const auto free = free_space(slash == std::string::npos ? "." : path.substr(0, slash + 1));
    if (free) error.message += fmt::format(" ({} free)", base::format_size(*free));
  }
  return error;
}

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return std::unexpected(file_error("open", path, errno));
  return Fd(fd);
}

Result<void> write_all(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(file_error("write", path, errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_file(int fd, const std::string& path) {
  if (::fsync(fd) != 0) return std::unexpected(file_error("fsync", path, errno));
  return {};
}

Result<void> sync_directory(const std::string& path) {
  const Fd fd = SEINE_TRY(open_file(path, O_RDONLY | O_DIRECTORY));
  return sync_file(fd.get(), path);
}

Result<void> make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return std::unexpected(file_error("create directory", part, errno));
    }
    if (slash == std::string::npos) break;
  }
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return base::fail(base::Code::kFailedPrecondition, "{} is not a directory", path);
  }
  return {};
}

Result<void> rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return std::unexpected(file_error("rename to", to, errno));
  }
  return {};
}

Result<std::vector<std::string>> list_directory(const std::string& path) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return std::unexpected(file_error("list", path, errno));
  std::vector<std::string> names;
  // A stream of our own: readdir is unsafe only for one that threads share.
  while (const dirent* entry = ::readdir(dir)) {  // NOLINT(concurrency-mt-unsafe)
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(dir);
  return names;
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

}  // namespace seine::store::detail
