// seine demo: serves the sample site until a signal comes, and says what to try with it.
#include <fmt/format.h>
#include <signal.h>

#include <iterator>
#include <utility>

#include "net/router.h"
#include "net/runtime.h"
#include "net/server.h"
#include "server/commands.h"
#include "server/demo_site.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/service.h"
#include "server/signals.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Result;

constexpr std::string_view kUsualPlace = "127.0.0.1:8481";

struct Trial {
  std::string_view command;  // {} is the site's address
  Bilingual shows;
  std::string_view needs = {};  // only where there is such a command
};
constexpr Trial kTrials[] = {
    {"seine ask \"When does the museum close on Sunday?\" --site {}/",
     {"an answer from this site, with its sentence", "根据本站点作答，并给出原句"}},
    {"seine ask \"最古老的船是哪一年建造的？\" --site {}/zh", {"the same in Chinese", "中文提问"}},
    {"seine chat --site {}/", {"a conversation about it", "围绕本站点对话"}, "chat"},
    {"seine web read {}/today", {"a page that changes each minute", "每分钟变化的页面"}},
    {"seine web watch {}/today --every 1m",
     {"told when it changes", "页面变化时得到通知"},
     "web watch"},
    {"seine web read {}/prices",
     {"made by a script: a headless browser renders it", "由脚本生成的页面，由无头浏览器渲染"}},
    {"seine web crawl {}/",
     {"kept, so that every search finds it", "保存站点，此后的搜索都能找到"}},
};

std::string words(const Terminal& terminal, std::string_view address) {
  std::string out =
      fmt::format("\n{}  {}\n\n  {}\n\n", terminal.pick({"The sample site is at", "示例站点："}),
                  terminal.styled_out(Style::kGreen, fmt::format("{}/", address)),
                  terminal.pick({"Try in another terminal:", "在另一个终端里试试："}));
  auto to = std::back_inserter(out);
  for (const Trial& trial : kTrials) {
    if (!trial.needs.empty() && find_command(trial.needs) == nullptr) continue;
    fmt::format_to(to, "  {}\n", terminal.styled_out(Style::kDim, terminal.pick(trial.shows)));
    fmt::format_to(to, "    {}\n", fmt::format(fmt::runtime(trial.command), address));
  }
  fmt::format_to(to, "\n  {}\n\n", terminal.pick({"Ctrl+C stops it.", "按 Ctrl+C 停止。"}));
  return out;
}

}  // namespace

int run_demo(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const sigset_t signals = block_signals({SIGINT, SIGTERM});
  const std::string place = invocation.value("--listen").value_or(std::string(kUsualPlace));
  const Result<ListenAddress> address = parse_listen(place);
  if (!address || !address->unix_path.empty()) {
    constexpr Bilingual kNoPlace = {"'{}' is not HOST:PORT", "“{}”不是 HOST:PORT"};
    terminal.error(fmt::format(fmt::runtime(terminal.pick(kNoPlace)), place));
    return kUsage;
  }
  const base::SystemClock clock;
  net::Router router;
  add_demo_site(router, clock);
  net::Runtime runtime(1, clock);
  net::Server server(runtime, {}, router.handler());
  const Result<std::uint16_t> port =
      server.listen({.host = address->host, .port = address->port, .unix_path = {}, .tls = {}});
  if (!port) {
    base::Error error = port.error();
    return fail_with(terminal, std::move(error).within(fmt::format("listen on {}", place)));
  }
  const std::string host =
      address->host.find(':') == std::string::npos ? address->host : "[" + address->host + "]";
  terminal.out(words(terminal, fmt::format("http://{}:{}", host, *port)));
  while (wait_for_signal(signals, std::chrono::seconds(60)) == 0) {
  }
  server.drain(base::Deadline::after(clock, std::chrono::seconds(2)));
  return kOk;
}

}  // namespace seine::server
