// Commands on watched pages: web watch, and web watch ls, show, check, pause, resume, rm, webhooks,
// resend. They speak to the service.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/error_text.h"
#include "base/json.h"
#include "base/text.h"
#include "net/url.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/service_reply.h"
#include "web/verdict.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Code;
using base::Json;
using base::Result;

std::string minute_at(const Json& json, std::string_view key) {
  const std::string time = text_at(json, key);
  return time.empty() ? "-" : time.substr(0, 16);
}

std::string path_of(const Invocation& invocation, std::string_view tail = {}) {
  return "/api/watches/" + net::percent_encode(invocation.argument) + std::string(tail);
}

Json texts(const std::string& list) {
  Json out = Json::array();
  for (const std::string_view part : base::split(list, ',')) {
    if (!base::trim(part).empty()) out.push_back(std::string(base::trim(part)));
  }
  return out;
}

Result<Json> wanted_watch(const Invocation& invocation) {
  Json json = {{"url", invocation.argument}};
  for (const auto& [option, key] :
       {std::pair{"--selector", "selector"}, std::pair{"--block", "block"},
        std::pair{"--webhook", "webhook"}, std::pair{"--render", "render"}}) {
    if (const auto value = invocation.value(option)) json[key] = *value;
  }
  if (const auto every = invocation.value("--every"))
    json["every_s"] =
        std::chrono::ceil<std::chrono::seconds>(SEINE_TRY(base::parse_duration(*every))).count();
  if (const auto rules = invocation.value("--noise"))
    json["noise"] = *rules == "none" ? Json::array() : texts(*rules);
  if (const auto ignored = invocation.value("--ignore")) json["ignore"] = texts(*ignored);
  return json;
}

std::string state_of(const Terminal& terminal, const Json& watch) {
  if (flag_at(watch, "paused")) return std::string(terminal.pick({"paused", "已暂停"}));
  const std::string verdict = text_at(watch, "verdict");
  if (verdict.empty()) return std::string(terminal.pick({"new", "待读取"}));
  return verdict;
}

std::string every_of(const Json& watch) {
  return base::format_duration(std::chrono::seconds(number_at(watch, "every_s")));
}

void print_version(const Terminal& terminal, const Json& version) {
  constexpr Bilingual kHead = {"#{} {} {}", "第 {} 版 {} {}"};
  terminal.out("\n" +
               terminal.styled_out(
                   Style::kBold,
                   fmt::format(fmt::runtime(terminal.pick(kHead)), number_at(version, "number"),
                               text_at(version, "at").substr(0, 19), text_at(version, "title"))) +
               "\n");
  for (const Json& change : list_at(version, "changes")) {
    if (const std::string heading = text_at(change, "heading"); !heading.empty())
      terminal.out(terminal.styled_out(Style::kDim, "@ " + heading) + "\n");
    if (const std::string before = text_at(change, "before"); !before.empty())
      terminal.out(terminal.styled_out(Style::kRed, "- " + before) + "\n");
    if (const std::string after = text_at(change, "after"); !after.empty())
      terminal.out(terminal.styled_out(Style::kGreen, "+ " + after) + "\n");
  }
  if (const auto left = number_at(version, "left_out"); left > 0)
    terminal.out(fmt::format(
        fmt::runtime(terminal.pick({"({} more changes)\n", "（另有 {} 处变化）\n"})), left));
}

std::string webhook_state(const Terminal& terminal, const std::string& state) {
  if (state == "pending") return std::string(terminal.pick({"pending", "待发送"}));
  if (state == "sent") return std::string(terminal.pick({"sent", "已发送"}));
  if (state == "dead") return std::string(terminal.pick({"dead", "已放弃"}));
  return state;
}

int refused(const Terminal& terminal, const base::Error& error) {
  constexpr Bilingual kHint = {
      "web.endpoints in the configuration names addresses of your own network that may be read",
      "内网地址需在配置的 web.endpoints 中列出才允许读取"};
  terminal.error(error, error.code == Code::kPermissionDenied ? terminal.pick(kHint) : "");
  return exit_code(error.code);
}

int done(const Invocation& invocation, std::string_view method, const std::string& path,
         const std::string& body, Bilingual said) {
  const Terminal& terminal = *invocation.terminal;
  const auto asked = ask(invocation, method, path, body);
  if (!asked) return fail_with(terminal, asked.error());
  terminal.note(fmt::format(fmt::runtime(terminal.pick(said)), invocation.argument));
  return kOk;
}

}  // namespace

int run_web_watch(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const auto wanted = wanted_watch(invocation);
  if (!wanted) return fail_with(terminal, wanted.error());
  const auto asked = ask(invocation, "POST", "/api/watches", base::to_text(*wanted));
  if (!asked) return refused(terminal, asked.error());
  const Json& watch = asked->reply;
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(watch) + "\n");
    return kOk;
  }
  terminal.out(text_at(watch, "id") + "\n");
  constexpr Bilingual kWatching = {"seine: {} is read every {}", "seine: 将每隔 {1} 读取 {0}"};
  terminal.note(
      fmt::format(fmt::runtime(terminal.pick(kWatching)), text_at(watch, "url"), every_of(watch)));
  if (!text_at(watch, "webhook").empty()) {
    constexpr Bilingual kSecret = {"seine: its webhooks are signed with {} (shown only now)",
                                   "seine: 通知的签名密钥为 {}（仅显示这一次）"};
    terminal.note(fmt::format(fmt::runtime(terminal.pick(kSecret)), text_at(watch, "secret")));
  }
  constexpr Bilingual kHook = {
      "seine: a webhook to {}, signed with {} (shown only now), has it read at once",
      "seine: 向 {} 发送以 {}（仅显示这一次）签名的 webhook 可立即触发读取"};
  terminal.note(fmt::format(fmt::runtime(terminal.pick(kHook)), text_at(watch, "hook"),
                            text_at(watch, "hook_secret")));
  if (asked->client->is_own())
    terminal.note(
        terminal.pick({"seine: no service runs here; pages are read while `seine up` runs",
                       "seine: 当前没有服务在运行；`seine up` 运行时才会读取网页"}));
  return kOk;
}

int run_watch_ls(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const auto asked = ask(invocation, "GET", "/api/watches");
  if (!asked) return fail_with(terminal, asked.error());
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(asked->reply) + "\n");
    return kOk;
  }
  const Json& watches = list_at(asked->reply, "data");
  if (watches.empty()) {
    terminal.note(terminal.pick({"seine: nothing is watched; `seine web watch URL` begins",
                                 "seine: 没有受监视的网页；`seine web watch 网址` 可开始"}));
    return kOk;
  }
  constexpr std::string_view kRow = "{:<24} {:<12} {:<6} {:<16} {:>4}  {}\n";
  std::string out =
      fmt::format(kRow, "ID", terminal.pick({"STATE", "状态"}), terminal.pick({"EVERY", "间隔"}),
                  terminal.pick({"CHANGED", "上次变化"}), terminal.pick({"N", "版"}), "URL");
  for (const Json& watch : watches)
    fmt::format_to(std::back_inserter(out), kRow, text_at(watch, "id"), state_of(terminal, watch),
                   every_of(watch), minute_at(watch, "changed_at"), number_at(watch, "version"),
                   text_at(watch, "url"));
  terminal.out(out);
  return kOk;
}

int run_watch_show(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const auto asked = ask(invocation, "GET", path_of(invocation));
  if (!asked) return fail_with(terminal, asked.error());
  const Json& watch = asked->reply;
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(watch) + "\n");
    return kOk;
  }
  constexpr Bilingual kHead = {"{}\n{}\nstate {}, every {}, read {}, next {}\n",
                               "{}\n{}\n状态 {}，间隔 {}，上次读取 {}，下次 {}\n"};
  terminal.out(fmt::format(fmt::runtime(terminal.pick(kHead)), text_at(watch, "url"),
                           text_at(watch, "title"), state_of(terminal, watch), every_of(watch),
                           minute_at(watch, "checked_at"), minute_at(watch, "next_at")));
  if (const std::string message = text_at(watch, "message"); !message.empty())
    terminal.out(base::message_text(message, terminal.language()) + "\n");
  for (const Json& version : list_at(watch, "versions")) print_version(terminal, version);
  return kOk;
}

int run_watch_check(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const auto asked = ask(invocation, "POST", path_of(invocation, "/check"));
  if (!asked) return fail_with(terminal, asked.error());
  const Json& outcome = asked->reply;
  const std::string result = text_at(outcome, "result");
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(outcome) + "\n");
  } else {
    terminal.out(text_at(outcome, "diff"));
  }
  if (result == "failed") {
    const auto verdict = web::parse_verdict(text_at(outcome, "verdict"));
    return fail_with(terminal, {verdict ? web::verdict_code(*verdict) : Code::kUnknown,
                                text_at(outcome, "message"), text_at(outcome, "verdict")});
  }
  Bilingual said = {"seine: nothing has changed", "seine: 没有变化"};
  if (result == "first") said = {"seine: read for the first time", "seine: 已完成首次读取"};
  if (result == "noise")
    said = {"seine: what differs does not stay: no change", "seine: 差异未能复现，视为没有变化"};
  if (result == "changed") said = {"seine: the page has changed", "seine: 网页已变化"};
  terminal.note(terminal.pick(said));
  return kOk;
}

int run_watch_pause(const Invocation& invocation) {
  return done(invocation, "PATCH", path_of(invocation), R"({"paused":true})",
              {"seine: {} is paused", "seine: 已暂停 {}"});
}

int run_watch_resume(const Invocation& invocation) {
  return done(invocation, "PATCH", path_of(invocation), R"({"paused":false})",
              {"seine: {} goes on", "seine: 已恢复 {}"});
}

int run_watch_rm(const Invocation& invocation) {
  return done(invocation, "DELETE", path_of(invocation), {},
              {"seine: {} is forgotten", "seine: 已删除 {}"});
}

int run_watch_webhooks(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const auto state = invocation.value("--state");
  const auto asked =
      ask(invocation, "GET", "/api/webhooks" + (state ? "?state=" + *state : std::string()));
  if (!asked) return fail_with(terminal, asked.error());
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(asked->reply) + "\n");
    return kOk;
  }
  const Json& all = list_at(asked->reply, "data");
  if (all.empty()) terminal.note(terminal.pick({"seine: there are none", "seine: 没有记录"}));
  std::string out;
  for (const Json& one : all)
    fmt::format_to(std::back_inserter(out), "{}  {:<7} {}  {:>2}  {}  {}\n", text_at(one, "id"),
                   webhook_state(terminal, text_at(one, "state")), minute_at(one, "created_at"),
                   number_at(one, "attempts"), text_at(one, "url"),
                   base::message_text(text_at(one, "message"), terminal.language()));
  terminal.out(out);
  return kOk;
}

int run_watch_resend(const Invocation& invocation) {
  return done(invocation, "POST",
              "/api/webhooks/" + net::percent_encode(invocation.argument) + "/resend", {},
              {"seine: {} is on its way again", "seine: {} 已重新发送"});
}

}  // namespace seine::server
