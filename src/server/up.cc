// `seine up`: starts the service, says where to go, and serves until it is told to stop.
#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <iterator>

#include "base/text.h"
#include "gateway/status.h"
#include "server/checks.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/notify.h"
#include "server/service.h"
#include "server/signals.h"
#include "server/version.h"
#include "server/web_settings.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Result;
using gateway::Check;
using gateway::CheckStatus;

constexpr std::chrono::seconds kTick{5};

// The soft limit of descriptors is often 1024 where the hard one allows far more.
void raise_open_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

std::string report(const Invocation& invocation, const ServiceSettings& settings,
                   const std::vector<std::string>& urls, std::string_view link,
                   const std::vector<Check>& checks, double seconds) {
  const Terminal& terminal = *invocation.terminal;
  std::string out;
  auto to = std::back_inserter(out);
  constexpr Bilingual kReady = {"Seine {} is ready in {:.1f} s", "Seine {} 已就绪，用时 {:.1f} 秒"};
  fmt::format_to(to, "\n{}\n\n",
                 terminal.styled_out(Style::kBold, fmt::format(fmt::runtime(terminal.pick(kReady)),
                                                               kVersion, seconds)));
  const auto row = [&](Bilingual label, std::string_view text) {
    const std::string name(terminal.pick(label));
    const std::size_t width = base::display_width(name);
    const std::string pad(width < 10 ? 10 - width : 1, ' ');
    fmt::format_to(to, "  {}{}{}\n", terminal.styled_out(Style::kDim, name), pad, text);
  };
  row({"open", "打开"}, terminal.styled_out(Style::kGreen, link));
  row({"", ""}, terminal.pick({"good for one sign-in within 24 hours; `seine link` makes another",
                               "24 小时内可登录一次；`seine link` 可生成新链接"}));
  row({"address", "地址"}, fmt::format("{}", fmt::join(urls, ", ")));
  row({"data", "数据"}, settings.data_dir);
  for (const Check& check : checks) {
    if (check.status == CheckStatus::kOk) continue;
    const Style style = check.status == CheckStatus::kFail ? Style::kRed : Style::kYellow;
    row({"missing", "待处理"}, terminal.styled_out(style, check.message(terminal.language())));
    if (!check.fix.empty())
      row({"", ""}, fmt::format("{}{}", terminal.pick({"mend it: ", "解决方法："}), check.fix));
  }
  fmt::format_to(to, "\n  {}\n\n",
                 invocation.has("--detach")
                     ? terminal.pick({"`seine down` stops it.", "使用 `seine down` 停止。"})
                     : terminal.pick({"Ctrl+C stops it.", "按 Ctrl+C 停止。"}));
  return out;
}

void open_browser(const std::string& link) {
  const pid_t child = fork();
  if (child != 0) {
    if (child > 0) waitpid(child, nullptr, 0);
    return;
  }
  // A grandchild, so that nobody has to wait for the browser.
  if (fork() == 0) {
    setsid();
    execlp("xdg-open", "xdg-open", link.c_str(), nullptr);
  }
  _exit(0);
}

// The parent's end of --detach: shows what the child says until it is ready (the pipe closes), then
// leaves.
int follow_child(pid_t child, int fd) {
  std::array<char, 4096> buffer{};
  ssize_t n = 0;
  while ((n = read(fd, buffer.data(), buffer.size())) > 0 || (n < 0 && errno == EINTR)) {
    if (n > 0 && ::write(STDOUT_FILENO, buffer.data(), static_cast<std::size_t>(n)) < 0) break;
  }
  int status = 0;
  const pid_t ended = waitpid(child, &status, WNOHANG);
  if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : kFailed;
  return kOk;
}

// After the report: the log takes the place of the terminal, and the parent's pipe closes.
void leave_terminal(const std::string& log_path) {
  const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (null >= 0) dup2(null, STDIN_FILENO);
  if (log >= 0) {
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
  }
}

// Settings that take effect at once; the rest is named, so that nobody waits for it in vain.
void reload(const Invocation& invocation, const base::Config& running, Service& service,
            base::LogSink& sink, const base::Logger& log) {
  const Result<base::Config> fresh = load_config(invocation);
  if (!fresh) {
    log.error("reload refused, the old settings stay", {{"error", fresh.error().message}});
    return;
  }
  sink.set_level(*base::parse_level(fresh->text("log.level")));
  if (const Result<> tls = service.reload_tls(); !tls)
    log.error("certificate not reloaded", {{"error", tls.error().message}});
  for (const base::ConfigKey& key : fresh->schema()) {
    if (key.reloadable) continue;
    const auto before = running.explain(key.name, base::Language::kEnglish);
    const auto after = fresh->explain(key.name, base::Language::kEnglish);
    if (before->front().value != after->front().value) {
      log.warn("changed setting needs a restart",
               {{"key", key.name}, {"value", after->front().value}});
    }
  }
  log.info("reloaded");
}

class Runner {
 public:
  Runner(const Invocation& invocation, base::Config config, ServiceSettings settings)
      : invocation_(invocation),
        terminal_(*invocation.terminal),
        config_(std::move(config)),
        settings_(std::move(settings)),
        manager_(invocation.environment),
        output_(STDERR_FILENO),
        sink_(
            output_, clock_, *base::parse_level(config_.text("log.level")),
            config_.text("log.format") == "json" ? base::LogFormat::kJson : base::LogFormat::kText),
        log_(sink_) {}

  int run(bool detached) {
    const sigset_t signals = block_signals({SIGINT, SIGTERM, SIGHUP});
    raise_open_files();
    const base::TimePoint began = clock_.now();
    for (const std::string& name : config_.unknown_variables()) {
      log_.warn("variable names no setting", {{"variable", name}});
    }
    Result<std::unique_ptr<Service>> service = Service::start(settings_, {clock_, random_, sink_});
    if (!service) return failed(service.error());
    const Result<std::string> link = (*service)->one_time_link();
    if (!link) return failed(link.error());
    const double seconds = std::chrono::duration<double>(clock_.now() - began).count();
    announce(**service, *link, seconds);
    if (detached) leave_terminal(settings_.data_dir + "/logs/seine.log");
    if (invocation_.has("--open")) open_browser(*link);
    serve(**service, signals);
    return kOk;
  }

 private:
  int failed(const base::Error& error) {
    const bool taken = error.code == base::Code::kFailedPrecondition;
    terminal_.error(
        error, taken ? terminal_.pick(
                           {"`seine down` stops the one that runs; `seine doctor` looks further",
                            "`seine down` 可停止正在运行的实例；`seine doctor` 可进一步检查"})
                     : std::string_view());
    manager_.notify("STATUS=" + error.message);
    return exit_code(error.code);
  }

  void announce(const Service& service, std::string_view link, double seconds) {
    const std::vector<Check> checks = {check_console(), check_cpu(), check_memory(),
                                       check_open_files(settings_.connections_max),
                                       check_exposure(settings_)};
    terminal_.out(report(invocation_, settings_, service.urls(), link, checks, seconds));
    log_.info("ready", {{"version", kVersion},
                        {"commit", kCommit},
                        {"listen", fmt::format("{}", fmt::join(service.urls(), ","))},
                        {"data", settings_.data_dir},
                        {"threads", settings_.threads},
                        {"s", seconds}});
    manager_.notify(fmt::format("READY=1\nSTATUS=serving {}", service.urls().front()));
  }

  void serve(Service& service, const sigset_t& signals) {
    const std::chrono::nanoseconds tick = manager_.watchdog().value_or(kTick);
    while (true) {
      const int signal = wait_for_signal(signals, tick);
      if (signal == SIGINT || signal == SIGTERM) break;
      if (signal == SIGHUP) reload(invocation_, config_, service, sink_, log_);
      // A thread that does not answer means a hang; the manager then restarts the service.
      if (signal == 0 && manager_.watchdog() && service.responsive(tick))
        manager_.notify("WATCHDOG=1");
    }
    const auto patience = config_.duration("server.drain_timeout");
    manager_.notify("STOPPING=1");
    log_.info("stopping", {{"drain", base::format_duration(patience)}});
    terminal_.note(terminal_.pick(
        {"seine: stopping; once more to stop at once", "seine: 正在停止；再按一次立即停止"}));
    // A second signal ends the process as if nobody had blocked it.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    service.drain(base::Deadline::after(clock_, patience));
    log_.info("stopped");
  }

  const Invocation& invocation_;
  const Terminal& terminal_;
  const base::Config config_;
  const ServiceSettings settings_;
  const ServiceManager manager_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  base::DescriptorOutput output_;
  base::LogSink sink_;
  base::Logger log_;
};

}  // namespace

int run_up(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  Result<base::Config> config = load_config(invocation);
  if (!config) {
    return fail_with(terminal, config.error());
  }
  Result<std::string> directory =
      data_directory(*config, invocation.environment, terminal.language());
  if (!directory) {
    return fail_with(terminal, directory.error());
  }
  ServiceSettings settings = service_settings(*config, *std::move(directory));
  Result<web::WebSettings> web = web_settings(*config, invocation.environment);
  if (!web) {
    return fail_with(terminal, web.error());
  }
  settings.web = *std::move(web);
  Result<RemoteModelSettings> remote = remote_model_settings(*config, invocation.environment);
  if (!remote) {
    return fail_with(terminal, remote.error());
  }
  settings.remote = *std::move(remote);
  const bool detach = invocation.has("--detach");
  if (detach) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
      terminal.error(base::errno_error("pipe", errno));
      return kFailed;
    }
    const pid_t child = fork();
    if (child < 0) {
      terminal.error(base::errno_error("fork", errno));
      return kFailed;
    }
    if (child > 0) {
      close(ends[1]);
      return follow_child(child, ends[0]);
    }
    setsid();
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
  }
  return Runner(invocation, *std::move(config), std::move(settings)).run(detach);
}

}  // namespace seine::server
