#include "server/checks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/error_text.h"
#include "base/text.h"
#include "console/assets.h"
#include "gateway/access/guard.h"
#include "net/tls.h"
#include "server/process.h"
#include "store/maintenance.h"
#include "web/render/browser.h"

namespace seine::server {
namespace {

using gateway::Check;
using gateway::CheckStatus;

// Below the first a backup or a crawl soon fills the disk; below the second writes fail within
// minutes.
constexpr std::uint64_t kFreeWarn = std::uint64_t{2} << 30;
constexpr std::uint64_t kFreeFail = std::uint64_t{128} << 20;

Check ok(std::string name, std::string en, std::string zh) {
  return {std::move(name), CheckStatus::kOk, std::move(en), std::move(zh), {}};
}

std::string in_chinese(const base::Error& error) {
  return base::error_text(error, base::Language::kChinese);
}

Check failed(std::string name, const base::Error& error, std::string fix) {
  return {std::move(name), CheckStatus::kFail, error.message, in_chinese(error), std::move(fix)};
}

// Tries to bind; 0 or the error number.
int try_bind(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0)
    return EADDRNOTAVAIL;
  int result = EADDRNOTAVAIL;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    result = bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0 ? 0 : errno;
    close(fd);
  }
  freeaddrinfo(found);
  return result;
}

// In a child, for what it changes is the process. It calls nothing that another thread could have
// locked.
bool user_namespaces_allowed() {
  const pid_t child = fork();
  if (child == 0) _exit(unshare(CLONE_NEWUSER) == 0 ? 0 : 1);
  if (child < 0) return true;  // not known
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

Check check_data_directory(const store::DataDir& directory) {
  const base::Result<std::uint64_t> free = store::free_space(directory.root());
  if (!free) {
    return {
        "data", CheckStatus::kFail, fmt::format("{}: {}", directory.root(), free.error().message),
        fmt::format("{}：{}", directory.root(), in_chinese(free.error())), "seine up --data DIR"};
  }
  const std::string room = base::format_size(*free);
  Check check{"data",
              CheckStatus::kOk,
              fmt::format("{}, {} free", directory.root(), room),
              fmt::format("{}，剩余 {}", directory.root(), room),
              {}};
  if (*free < kFreeWarn) {
    check.status = *free < kFreeFail ? CheckStatus::kFail : CheckStatus::kWarn;
    check.fix = "df -h " + directory.root();
  }
  return check;
}

Check check_console() {
  if (console::built()) return ok("console", "built in", "已内置");
  return {"console", CheckStatus::kWarn, "not built: there was no Node.js with npm",
          "未构建：缺少 Node.js 与 npm",
          "sudo apt-get install nodejs npm && rm -rf build/release && ./run"};
}

Check check_memory() {
  const MachineMemory memory = machine_memory();
  const std::string available = base::format_size(memory.available_bytes);
  const std::string total = base::format_size(memory.total_bytes);
  Check check{"memory",
              CheckStatus::kOk,
              fmt::format("{} of {} available", available, total),
              fmt::format("共 {}，可用 {}", total, available),
              {}};
  if (memory.available_bytes < memory.total_bytes / 20) {
    check.status = CheckStatus::kWarn;
    check.fix = "ps aux --sort=-rss | head";
  }
  return check;
}

Check check_cpu() {
  const std::string features = cpu_features();
  if (features != "baseline") return ok("cpu", features, features);
  return {"cpu",
          CheckStatus::kWarn,
          "no AVX2: models answer many times slower",
          "不支持 AVX2：模型推理会慢很多倍",
          {}};
}

Check check_browser() {
  const std::string program = web::Browser::find_program({});
  if (program.empty()) {
    return {"browser", CheckStatus::kWarn, "none is installed: pages that need scripts stay empty",
            "未安装：依赖脚本的网页无法读取", "sudo apt-get install chromium-headless-shell"};
  }
  if (geteuid() == 0) {
    return ok("browser", program + ", without its sandbox, since this is root",
              program + "，以 root 运行，因此没有沙箱");
  }
  if (!user_namespaces_allowed() && access("/usr/lib/chromium/chrome-sandbox", X_OK) != 0) {
    return {"browser", CheckStatus::kWarn,
            program + ": its sandbox cannot start, this system refuses user namespaces",
            program + "：系统禁用了用户命名空间，浏览器沙箱无法启动",
            "sudo apt-get install chromium-sandbox"};
  }
  return ok("browser", program, program);
}

Check check_open_files(std::size_t connections_max) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const std::uint64_t wanted = connections_max + 256;
  if (limit.rlim_max >= wanted) {
    return ok("files", fmt::format("{} descriptors allowed", base::format_count(limit.rlim_max)),
              fmt::format("允许 {} 个文件描述符", base::format_count(limit.rlim_max)));
  }
  return {"files", CheckStatus::kWarn,
          fmt::format("{} descriptors allowed, {} connections want {}", limit.rlim_max,
                      connections_max, wanted),
          fmt::format("仅允许 {} 个文件描述符，{} 个连接需要 {} 个", limit.rlim_max,
                      connections_max, wanted),
          fmt::format("ulimit -Hn {}", wanted)};
}

Check check_exposure(const ServiceSettings& settings) {
  for (const std::string& text : settings.listen) {
    const base::Result<ListenAddress> address = parse_listen(text);
    if (!address || !address->unix_path.empty() || gateway::is_loopback_host(text)) continue;
    if (settings.tls_certificate.empty()) {
      return {"exposure", CheckStatus::kWarn,
              fmt::format("{} is open to other machines without TLS", text),
              fmt::format("{} 对其他机器开放且未启用 TLS", text),
              "seine config explain tls.certificate"};
    }
  }
  return ok("exposure", "only this machine, or TLS", "仅限本机，或已启用 TLS");
}

Check check_store(const store::DataDir& directory) {
  std::error_code ignored;
  if (!std::filesystem::exists(directory.database(), ignored))
    return ok("store", "no database yet", "尚无数据库");
  const base::Result<std::vector<std::string>> problems =
      store::check_database(directory.database());
  if (problems && problems->empty()) return ok("store", "integrity is fine", "完整性检查通过");
  if (!problems) return failed("store", problems.error(), "seine restore FILE");
  const std::string& what = problems->front();
  return {"store", CheckStatus::kFail, what, base::message_text(what, base::Language::kChinese),
          "seine restore FILE"};
}

Check check_tls(const ServiceSettings& settings) {
  if (settings.tls_certificate.empty()) return ok("tls", "off", "未启用");
  const auto loaded = net::TlsServer::load(
      {.certificate_file = settings.tls_certificate, .key_file = settings.tls_key});
  if (loaded) return ok("tls", settings.tls_certificate, settings.tls_certificate);
  return failed("tls", loaded.error(), "seine config explain tls.certificate");
}

Check check_ports(const ServiceSettings& settings, bool running) {
  for (const std::string& text : settings.listen) {
    const base::Result<ListenAddress> address = parse_listen(text);
    if (!address) return failed("ports", address.error(), "seine config explain server.listen");
    if (!address->unix_path.empty() || address->port == 0) continue;
    const int error = try_bind(*address);
    if (error == 0 || (error == EADDRINUSE && running)) continue;
    return failed("ports", base::errno_error(text, error),
                  fmt::format("ss -ltnp 'sport = :{}'", address->port));
  }
  if (running) return ok("ports", "held by the running service", "由正在运行的服务占用");
  return ok("ports", "free", "可用");
}

std::optional<Check> check_remote(const base::Result<RemoteModelSettings>& settings,
                                  const base::Clock& clock) {
  constexpr std::string_view kName = "remote";
  if (!settings)
    return failed(std::string(kName), settings.error(), "seine config explain remote.url");
  if (settings->url.empty()) return std::nullopt;
  const base::Result<> taken = RemoteLoader::check(*settings, clock);
  if (!taken) {
    const bool key = taken.error().code == base::Code::kUnauthenticated;
    return failed(std::string(kName), taken.error(),
                  key ? "seine config explain remote.key" : "seine config explain remote.url");
  }
  return ok(std::string(kName), fmt::format("{} answers", settings->url),
            fmt::format("{} 可用", settings->url));
}

Check check_clock(base::WallTime now) {
  // No earlier than this source was written.
  constexpr auto kWritten = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1};
  const std::string time = base::format_rfc3339(now);
  if (now >= kWritten) return ok("clock", time, time);
  return {"clock", CheckStatus::kFail, time + " is in the past", time + " 早于当前时间",
          "sudo timedatectl set-ntp true"};
}

}  // namespace seine::server
