// `seine down`: stops the process that holds the data directory and waits for its end.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "base/text.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "store/data_dir.h"

namespace seine::server {
namespace {

using base::Result;

constexpr std::string_view kDefaultWait = "90s";

std::optional<pid_t> read_pid(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) return std::nullopt;
  const auto pid = base::parse_u64(base::trim(text));
  if (!pid || *pid == 0 || *pid > INT32_MAX) return std::nullopt;
  return static_cast<pid_t>(*pid);
}

// Signals through a descriptor of the process, so that a number that was given to another process
// meanwhile is safe.
int stop(const Terminal& terminal, pid_t pid, std::chrono::milliseconds wait) {
  const int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return fail_with(terminal, base::errno_error(fmt::format("process {}", pid), errno));
  if (syscall(SYS_pidfd_send_signal, fd, SIGTERM, nullptr, 0) != 0) {
    const base::Error error = base::errno_error(fmt::format("stop process {}", pid), errno);
    close(fd);
    return fail_with(terminal, error);
  }
  pollfd end{fd, POLLIN, 0};
  int changed = 0;
  do {
    changed = poll(&end, 1, static_cast<int>(std::min<std::int64_t>(wait.count(), INT32_MAX)));
  } while (changed < 0 && errno == EINTR);
  close(fd);
  if (changed == 0) {
    constexpr base::Bilingual kSlow = {"process {} still runs after {}",
                                       "进程 {} 在 {} 后仍未结束"};
    terminal.error(
        fmt::format(fmt::runtime(terminal.pick(kSlow)), pid, base::format_duration(wait)));
    return kTimeout;
  }
  constexpr base::Bilingual kStopped = {"seine: stopped process {}", "seine: 已停止进程 {}"};
  terminal.note(fmt::format(fmt::runtime(terminal.pick(kStopped)), pid));
  return kOk;
}

}  // namespace

int run_down(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<base::Config> config = load_config(invocation);
  if (!config) return fail_with(terminal, config.error());
  const Result<std::string> root =
      data_directory(*config, invocation.environment, terminal.language());
  if (!root) return fail_with(terminal, root.error());
  const auto wait =
      base::parse_duration(invocation.value("--timeout").value_or(std::string(kDefaultWait)));
  if (!wait) return fail_with(terminal, wait.error());
  const Result<store::DataDir> directory = store::DataDir::open(*root);
  if (!directory) return fail_with(terminal, directory.error());

  if (directory->lock()) {
    constexpr base::Bilingual kNone = {"nothing runs on {}", "没有服务在使用 {}"};
    terminal.error(fmt::format(fmt::runtime(terminal.pick(kNone)), *root));
    return kNotFound;
  }
  const std::optional<pid_t> pid = read_pid(directory->pid_file());
  if (!pid) {
    constexpr base::Bilingual kNoPid = {"{} names no process", "{} 中没有进程号"};
    terminal.error(fmt::format(fmt::runtime(terminal.pick(kNoPid)), directory->pid_file()));
    return kFailed;
  }
  return stop(terminal, *pid, *wait);
}

}  // namespace seine::server
