// Commands on the data directory: link, doctor, backup, restore.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "gateway/sessions.h"
#include "server/checks.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/version.h"
#include "store/maintenance.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Result;
using gateway::Check;
using gateway::CheckStatus;

// What all of them need: settings and the directory.
struct Place {
  base::Config config;
  ServiceSettings settings;
  store::DataDir directory;
};

Result<Place> open_place(const Invocation& invocation) {
  base::Config config = SEINE_TRY(load_config(invocation));
  std::string root =
      SEINE_TRY(data_directory(config, invocation.environment, invocation.terminal->language()));
  store::DataDir directory = SEINE_TRY(store::DataDir::open(root));
  ServiceSettings settings = service_settings(config, std::move(root));
  return Place{std::move(config), std::move(settings), std::move(directory)};
}

Result<std::string> make_link(const Place& place) {
  base::SystemClock clock;
  base::SystemRandom random;
  const auto database = SEINE_TRY(store::Database::open(place.directory.database()));
  const auto records = SEINE_TRY(store::KeyValue::open(*database, clock));
  gateway::Sessions sessions(*records, clock, random);
  return sessions.mint_link();
}

// Where the running service says it listens, else where the settings say it would.
std::string first_address(const ServiceSettings& settings, const store::DataDir& directory) {
  std::string running;
  std::ifstream file(directory.run() + "/address");
  if (std::getline(file, running) && !running.empty()) return running;
  for (const std::string& text : settings.listen) {
    const Result<ListenAddress> address = parse_listen(text);
    if (!address || !address->unix_path.empty()) continue;
    const std::string host =
        address->host == "0.0.0.0" || address->host == "::" ? "127.0.0.1" : address->host;
    const bool v6 = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}", settings.tls_certificate.empty() ? "http" : "https",
                       v6 ? "[" : "", host, v6 ? "]" : "", address->port);
  }
  return "http://127.0.0.1";
}

std::string table_of(const Terminal& terminal, const std::vector<Check>& checks) {
  std::string out;
  auto to = std::back_inserter(out);
  for (const Check& check : checks) {
    constexpr Style kStyles[] = {Style::kGreen, Style::kYellow, Style::kRed};
    const std::string mark = fmt::format("{:<4}", gateway::check_status_name(check.status));
    fmt::format_to(to, "{}  {:<9} {}\n",
                   terminal.styled_out(kStyles[static_cast<std::size_t>(check.status)], mark),
                   check.name, check.message(terminal.language()));
    if (!check.fix.empty())
      fmt::format_to(to, "                {}{}\n", terminal.pick({"mend it: ", "解决方法："}),
                     check.fix);
  }
  return out;
}

bool confirmed(const Terminal& terminal, const std::string& target) {
  constexpr Bilingual kAsk = {"Replace {}? The old file is kept beside it. [y/N] ",
                              "替换 {}？旧文件会保留在旁边。[y/N] "};
  if (isatty(STDIN_FILENO) != 1) return false;
  terminal.out(fmt::format(fmt::runtime(terminal.pick(kAsk)), target));
  std::array<char, 16> answer{};
  const ssize_t n = read(STDIN_FILENO, answer.data(), answer.size());
  return n > 0 && (answer[0] == 'y' || answer[0] == 'Y');
}

}  // namespace

int run_link(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<Place> place = open_place(invocation);
  if (!place) return fail_with(terminal, place.error());
  if (place->directory.lock()) {
    terminal.note(
        terminal.pick({"seine: the service is not running; the link works once `seine up` serves",
                       "seine: 服务尚未运行；`seine up` 启动后该链接才可用"}));
  }
  const Result<std::string> token = make_link(*place);
  if (!token) return fail_with(terminal, token.error());
  terminal.out(
      fmt::format("{}/#token={}\n", first_address(place->settings, place->directory), *token));
  return kOk;
}

int run_doctor(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<Place> place = open_place(invocation);
  if (!place) return fail_with(terminal, place.error());
  const bool running = !place->directory.lock().has_value();
  const base::SystemClock clock;
  std::vector<Check> checks = {check_cpu(),
                               check_memory(),
                               check_clock(clock.wall()),
                               check_open_files(place->settings.connections_max),
                               check_data_directory(place->directory),
                               check_store(place->directory),
                               check_ports(place->settings, running),
                               check_tls(place->settings),
                               check_exposure(place->settings),
                               check_console(),
                               check_browser()};
  if (auto remote =
          check_remote(remote_model_settings(place->config, invocation.environment), clock))
    checks.push_back(*std::move(remote));
  bool failed = false;
  base::Json json = base::Json::array();
  for (const Check& check : checks) {
    failed |= check.status == CheckStatus::kFail;
    json.push_back(gateway::to_json(check));
  }
  terminal.out(invocation.has("--json")
                   ? base::to_pretty_text({{"running", running}, {"checks", json}}) + "\n"
                   : table_of(terminal, checks));
  return failed ? kFailed : kOk;
}

int run_backup(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<Place> place = open_place(invocation);
  if (!place) return fail_with(terminal, place.error());
  store::BackupOptions options;
  if (isatty(STDERR_FILENO) == 1) {
    options.progress = [&terminal](const store::BackupProgress& progress) {
      constexpr Bilingual kCopying = {"copying {} of {} pages", "正在复制 {} / {} 页"};
      terminal.note(fmt::format(fmt::runtime(terminal.pick(kCopying)), progress.pages_done,
                                progress.pages_total));
    };
  }
  const Result<> copied =
      store::backup_database(place->directory.database(), invocation.argument, options);
  if (!copied) return fail_with(terminal, copied.error());
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(invocation.argument, ignored);
  constexpr Bilingual kDone = {"seine: backup of {} in {}", "seine: 已备份 {} 到 {}"};
  terminal.note(fmt::format(fmt::runtime(terminal.pick(kDone)), base::format_size(bytes),
                            invocation.argument));
  return kOk;
}

int run_restore(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<Place> place = open_place(invocation);
  if (!place) return fail_with(terminal, place.error());
  const Result<store::DataDirLock> lock = place->directory.lock();
  if (!lock) {
    terminal.error(lock.error(),
                   terminal.pick({"stop it first: seine down", "请先停止：seine down"}));
    return exit_code(lock.error().code);
  }
  const std::string target = place->directory.database();
  if (!invocation.has("--yes") && !confirmed(terminal, target)) {
    terminal.error(terminal.pick({"nothing was changed", "未做任何更改"}),
                   terminal.pick({"--yes goes on without asking", "--yes 可跳过确认"}));
    return kConflict;
  }
  const Result<std::string> kept = store::restore_database(invocation.argument, target);
  if (!kept) return fail_with(terminal, kept.error());
  constexpr Bilingual kDone = {"seine: restored {}", "seine: 已恢复 {}"};
  terminal.note(fmt::format(fmt::runtime(terminal.pick(kDone)), target));
  constexpr Bilingual kKept = {"seine: what was there is now {}", "seine: 原文件保留为 {}"};
  if (!kept->empty()) terminal.note(fmt::format(fmt::runtime(terminal.pick(kKept)), *kept));
  return kOk;
}

}  // namespace seine::server
