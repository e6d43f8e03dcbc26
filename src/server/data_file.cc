#include "server/data_file.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.h"

extern char** environ;

namespace seine::server {

using base::Code;
using base::Result;

namespace {

constexpr std::size_t kInputBytesMax = std::size_t{256} << 20;

}  // namespace

Result<std::string> read_descriptor(int fd, std::string_view what) {
  std::string out;
  std::array<char, 65'536> buffer{};
  while (true) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(base::errno_error(what, errno));
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > kInputBytesMax)
      return base::fail(Code::kInvalidArgument, "{} is larger than {}", what,
                        base::format_size(kInputBytesMax));
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

// A file as it is, or through `xz -dc`.
Result<std::string> read_data(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::unexpected(base::errno_error(path, errno));
  if (!path.ends_with(".xz")) {
    Result<std::string> text = read_descriptor(file, path);
    close(file);
    return text;
  }
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    close(file);
    return std::unexpected(base::errno_error("pipe", errno));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string name = "xz";
  std::string flags = "-dc";
  std::array<char*, 3> words = {name.data(), flags.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "xz", &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(file);
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    return std::unexpected(base::errno_error("xz", failed));
  }
  Result<std::string> text = read_descriptor(ends[0], path);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (text && status != 0) return base::fail(Code::kDataLoss, "{}: xz cannot read it", path);
  return text;
}

}  // namespace seine::server
