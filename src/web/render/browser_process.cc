#include "web/render/browser_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/text.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to the program

namespace seine::web {
namespace {

// The descriptors that --remote-debugging-pipe reads and writes.
constexpr int kBrowserReads = 3;
constexpr int kBrowserWrites = 4;

struct Pipe {
  int read = -1;
  int write = -1;
  ~Pipe() {
    if (read >= 0) ::close(read);
    if (write >= 0) ::close(write);
  }
};

base::Result<void> open_pipe(Pipe& pipe) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(base::errno_error("pipe", errno));
  // Clear of the numbers that the child's ends are moved to.
  pipe.read = ::fcntl(ends[0], F_DUPFD_CLOEXEC, 16);
  pipe.write = ::fcntl(ends[1], F_DUPFD_CLOEXEC, 16);
  ::close(ends[0]);
  ::close(ends[1]);
  if (pipe.read < 0 || pipe.write < 0) return std::unexpected(base::errno_error("pipe", errno));
  return {};
}

std::vector<std::string> arguments(const std::string& program, const BrowserSettings& settings,
                                   const std::string& profile) {
  std::vector<std::string> words = {
      program,
      "--remote-debugging-pipe",
      "--user-data-dir=" + profile,
      "--user-agent=" + settings.user_agent,
      "--window-size=1280,1024",
      // Nothing is reached but through the proxy of a job's own context.
      "--proxy-server=socks5://127.0.0.1:9",
      "--proxy-bypass-list=<-loopback>",
      "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
      "--disable-quic",
      "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
      // On Linux it has no sandbox of its own as a process: 8 MB less inside the browser's.
      "--enable-features=NetworkServiceInProcess2",
      "--disable-features=DnsOverHttps,MediaRouter,OptimizationHints,Translate,"
      "WebRtcHideLocalIpsWithMdns",
      "--disable-gpu",
      // Nothing is painted, so no software renderer either: 18 MB less.
      "--disable-software-rasterizer",
      // What would be a process for painting is a thread, and the template of unsandboxed children,
      // which nothing needs then, is not kept: 12 MB less. Pages keep their own confined processes.
      "--in-process-gpu",
      "--no-unsandboxed-zygote",
      // Not --disable-threaded-compositing: 120 ms less of the processors for each page, of 430,
      // but without frames what a page draws by requestAnimationFrame never comes.
      "--disable-extensions",
      "--disable-sync",
      "--disable-component-update",
      "--disable-background-networking",
      "--disable-default-apps",
      "--disable-breakpad",
      "--disable-dev-shm-usage",
      "--disable-notifications",
      "--mute-audio",
      "--no-first-run",
      "--no-default-browser-check",
      "--no-pings",
      "--metrics-recording-only",
      "--password-store=basic",
      "--hide-scrollbars",
      "--force-color-profile=srgb",
  };
  if (!program.ends_with("headless-shell")) words.emplace_back("--headless");
  // Chromium's sandbox cannot be set up by root.
  if (::geteuid() == 0) words.emplace_back("--no-sandbox");
  words.emplace_back("about:blank");
  return words;
}

}  // namespace

base::Result<BrowserProcess> start_browser(const std::string& program,
                                           const BrowserSettings& settings) {
  BrowserProcess process;
  process.profile = settings.temporary_directory + "/seine-browser-XXXXXX";
  if (::mkdtemp(process.profile.data()) == nullptr) {
    return std::unexpected(base::errno_error("make " + process.profile, errno));
  }
  Pipe commands;
  Pipe answers;
  SEINE_CHECK(open_pipe(commands));
  SEINE_CHECK(open_pipe(answers));

  std::vector<std::string> words = arguments(program, settings, process.profile);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, commands.read, kBrowserReads);
  ::posix_spawn_file_actions_adddup2(&actions, answers.write, kBrowserWrites);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  const int failed =
      ::posix_spawn(&process.pid, program.c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    process.pid = -1;
    end_browser(process);
    return std::unexpected(base::errno_error("start " + program, failed));
  }
  process.to_browser = std::exchange(commands.write, -1);
  process.from_browser = std::exchange(answers.read, -1);
  return process;
}

void end_browser(BrowserProcess& process) {
  if (process.pid > 0) {
    ::kill(-process.pid, SIGKILL);
    while (::waitpid(process.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    process.pid = -1;
  }
  std::error_code ignored;
  if (!process.profile.empty()) std::filesystem::remove_all(process.profile, ignored);
  process.profile.clear();
}

std::uint64_t browser_memory(const BrowserProcess& process) {
  if (process.pid <= 0) return 0;
  std::uint64_t total = 0;
  DIR* dir = ::opendir("/proc");
  if (dir == nullptr) return 0;
  while (const dirent* entry = ::readdir(dir)) {  // NOLINT(concurrency-mt-unsafe)
    const auto pid = base::parse_u64(entry->d_name);
    if (!pid || ::getpgid(static_cast<pid_t>(*pid)) != process.pid) continue;
    std::ifstream rollup(std::string("/proc/") + entry->d_name + "/smaps_rollup");
    for (std::string line; std::getline(rollup, line);) {
      if (!line.starts_with("Pss:")) continue;
      const std::string_view rest = base::trim(std::string_view(line).substr(4));
      total += base::parse_u64(rest.substr(0, rest.find(' '))).value_or(0) << 10;
      break;
    }
  }
  ::closedir(dir);
  return total;
}

}  // namespace seine::web
