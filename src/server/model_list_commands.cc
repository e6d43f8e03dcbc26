// Commands on the models of a service: model ls, model load, model unload.
#include <fmt/format.h>

#include <iterator>

#include "base/error_text.h"
#include "base/text.h"
#include "net/url.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/service_reply.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Code;
using base::Json;
using base::Result;

std::string state_of_model(const Terminal& terminal, const Json& model) {
  const std::string state = text_at(model, "state");
  if (state == "ready") return std::string(terminal.pick({"ready", "就绪"}));
  if (state == "loading") return std::string(terminal.pick({"loading", "加载中"}));
  if (state == "unloaded") return std::string(terminal.pick({"unloaded", "未加载"}));
  return std::string(terminal.pick({"failed", "失败"}));
}

std::string size_of_model(const Json& model) {
  const std::int64_t bytes = number_at(model, "file_bytes");
  return bytes > 0 ? base::format_size(static_cast<std::uint64_t>(bytes)) : "-";
}

void print_models(const Terminal& terminal, const Json& models) {
  std::string out;
  auto to = std::back_inserter(out);
  constexpr std::string_view kRow = "{:<1} {:<28} {:<9} {:<10} {:<14} {}\n";
  fmt::format_to(to, kRow, "", "ID", terminal.pick({"STATE", "状态"}),
                 terminal.pick({"SIZE", "大小"}), terminal.pick({"KIND", "架构"}),
                 terminal.pick({"WHERE", "位置"}));
  for (const Json& model : models) {
    fmt::format_to(to, kRow, flag_at(model, "default") ? "*" : "", text_at(model, "id"),
                   state_of_model(terminal, model), size_of_model(model),
                   text_at(model, "architecture"), text_at(model, "path"));
    if (const std::string error = text_at(model, "error"); !error.empty())
      fmt::format_to(to, "  {}\n", base::message_text(error, terminal.language()));
  }
  terminal.out(out);
}

// A service that lives as long as the command has nobody to load a model for.
int change_model(const Invocation& invocation, std::string_view verb, Bilingual said) {
  const Terminal& terminal = *invocation.terminal;
  const auto client = ApiClient::connect(invocation, ApiClient::Needs::kNoModels);
  if (!client) return fail_with(terminal, client.error());
  if ((*client)->is_own()) {
    terminal.error(
        terminal.pick({"no service runs on this data directory", "此数据目录上没有正在运行的服务"}),
        terminal.pick({"`seine up` starts one", "`seine up` 可启动服务"}));
    return exit_code(Code::kFailedPrecondition);
  }
  const auto done = (*client)->call(
      "POST", fmt::format("/api/models/{}/{}", net::percent_encode(invocation.argument), verb),
      "{}");
  if (!done) return fail_with(terminal, done.error());
  terminal.note(fmt::format(fmt::runtime(terminal.pick(said)), invocation.argument));
  return kOk;
}

}  // namespace

int run_model_ls(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const auto asked = ask(invocation, "GET", "/api/models", {}, ApiClient::Needs::kModels);
  if (!asked) return fail_with(terminal, asked.error());
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(asked->reply) + "\n");
    return kOk;
  }
  const Json& models = list_at(asked->reply, "data");
  if (models.empty()) {
    terminal.note(terminal.pick({"seine: there is no model; `seine up --model FILE` brings one",
                                 "seine: 没有模型；`seine up --model 文件` 可指定"}));
  } else {
    print_models(terminal, models);
  }
  return kOk;
}

int run_model_load(const Invocation& invocation) {
  return change_model(invocation, "load",
                      {"seine: {} is being loaded; `seine model ls` tells when it is ready",
                       "seine: 正在加载 {}；`seine model ls` 可查看是否就绪"});
}

int run_model_unload(const Invocation& invocation) {
  return change_model(invocation, "unload", {"seine: {} is let go", "seine: 已卸载 {}"});
}

}  // namespace seine::server
