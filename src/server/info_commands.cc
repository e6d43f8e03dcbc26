// Commands that only tell: config, version, completion, man, openapi.
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/config_edit.h"
#include "base/json.h"
#include "base/text.h"
#include "server/commands.h"
#include "server/config_schema.h"
#include "server/exit_code.h"
#include "server/help.h"
#include "server/invocation.h"
#include "server/process.h"
#include "server/service.h"
#include "server/version.h"

namespace seine::server {
using base::Bilingual;
using base::Result;

int run_config_get(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<base::Config> config = load_config(invocation);
  if (!config) return fail_with(terminal, config.error());
  base::Json all = base::Json::object();
  std::string lines;
  for (const base::ConfigKey& key : config_schema()) {
    const std::string value = config->explain(key.name, terminal.language())->front().value;
    if (key.name == invocation.argument) {
      terminal.out(invocation.has("--json") ? base::to_text({{std::string(key.name), value}}) + "\n"
                                            : value + "\n");
      return kOk;
    }
    all[std::string(key.name)] = value;
    fmt::format_to(std::back_inserter(lines), "{} = {}\n", key.name, value);
  }
  if (!invocation.argument.empty()) {
    base::Error error = config->explain(invocation.argument, terminal.language()).error();
    error.code = base::Code::kNotFound;
    return fail_with(terminal, error);
  }
  terminal.out(invocation.has("--json") ? base::to_pretty_text(all) + "\n" : lines);
  return kOk;
}

namespace {

// Whole or not at all: what reads the file meanwhile sees the old one.
Result<> replace_file(const std::string& path, std::string_view content) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path target = fs::exists(path, failed) ? fs::canonical(path, failed) : fs::path(path);
  if (!failed && target.has_parent_path()) fs::create_directories(target.parent_path(), failed);
  const fs::path partial = target.string() + ".new";
  if (!failed) {
    std::ofstream file(partial, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (!file) return std::unexpected(base::errno_error(partial.string(), errno));
    if (fs::exists(target, failed))
      fs::permissions(partial, fs::status(target, failed).permissions(), failed);
    fs::rename(partial, target, failed);
  }
  if (!failed) return {};
  return std::unexpected(base::errno_error(path, failed.value()));
}

}  // namespace

int run_config_set(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<std::string> path = own_config_file(invocation);
  if (!path) return fail_with(terminal, path.error());
  std::ifstream file(*path, std::ios::binary);
  std::ostringstream content;
  if (file) {
    content << file.rdbuf();
  } else if (errno != ENOENT) {
    return fail_with(terminal, base::errno_error(*path, errno));
  }
  const auto edited =
      base::set_in_file(config_schema(), {*path, std::move(content).str()}, invocation.argument,
                        invocation.second, terminal.language());
  if (!edited) return fail_with(terminal, edited.error());
  if (const Result<> written = replace_file(*path, *edited); !written)
    return fail_with(terminal, written.error());
  constexpr Bilingual kWritten = {"seine: {} is set in {}", "seine: {} 已写入 {}"};
  terminal.note(fmt::format(fmt::runtime(terminal.pick(kWritten)), invocation.argument, *path));
  const base::ConfigKey& key = *base::find_key(config_schema(), invocation.argument);
  terminal.note(key.reloadable
                    ? terminal.pick({"  a running service takes it on SIGHUP",
                                     "  运行中的服务收到 SIGHUP 后采用"})
                    : terminal.pick({"  a running service takes it when it is started again",
                                     "  运行中的服务重新启动后采用"}));
  // What a flag, a variable or a stronger file says is heard first.
  const Result<base::Config> config = load_config(invocation);
  if (!config) return kOk;
  const base::ConfigOrigin first = config->explain(key.name, terminal.language())->front();
  if (!first.source.starts_with(*path)) {
    constexpr Bilingual kWeaker = {"seine: warning: {} says otherwise and goes first",
                                   "seine: 警告：{} 另有设定，且优先"};
    terminal.note(fmt::format(fmt::runtime(terminal.pick(kWeaker)), first.source));
  }
  return kOk;
}

int run_config_explain(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<base::Config> config = load_config(invocation);
  if (!config) return fail_with(terminal, config.error());
  const auto chain = config->explain(invocation.argument, terminal.language());
  if (!chain) {
    terminal.error(chain.error());
    return kNotFound;
  }
  const base::ConfigKey& key = *base::find_key(config_schema(), invocation.argument);
  if (invocation.has("--json")) {
    base::Json origins = base::Json::array();
    for (const base::ConfigOrigin& origin : *chain)
      origins.push_back({{"source", origin.source}, {"value", origin.value}});
    terminal.out(base::to_pretty_text({{"key", key.name},
                                       {"value", chain->front().value},
                                       {"variable", base::variable_of(key)},
                                       {"reloadable", key.reloadable},
                                       {"origins", origins}}) +
                 "\n");
    return kOk;
  }
  std::string out = fmt::format("{} = {}\n  {}\n", terminal.styled_out(Style::kBold, key.name),
                                chain->front().value, key.help.in(terminal.language()));
  auto to = std::back_inserter(out);
  fmt::format_to(to, "  {}{}\n", terminal.pick({"variable: ", "环境变量："}),
                 base::variable_of(key));
  fmt::format_to(to, "  {}\n",
                 terminal.pick({"from, strongest first:", "来源（优先级从高到低）："}));
  for (std::size_t i = 0; i < chain->size(); ++i) {
    fmt::format_to(to, "  {} {:<28} {}\n", i == 0 ? "→" : " ", (*chain)[i].source,
                   (*chain)[i].value);
  }
  terminal.out(out);
  return kOk;
}

int run_config_check(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<base::Config> config = load_config(invocation);
  if (!config) return fail_with(terminal, config.error());
  for (const std::string& name : config->unknown_variables()) {
    constexpr Bilingual kStray = {"seine: warning: variable {} names no setting",
                                  "seine: 警告：环境变量 {} 不对应任何设置"};
    terminal.note(fmt::format(fmt::runtime(terminal.pick(kStray)), name));
  }
  terminal.note(terminal.pick({"seine: the configuration is valid", "seine: 配置有效"}));
  return kOk;
}

int run_version(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  if (invocation.has("--json")) {
    terminal.out(
        base::to_text({{"version", kVersion}, {"commit", kCommit}, {"cpu", cpu_features()}}) +
        "\n");
  } else {
    terminal.out(fmt::format("seine {} ({})\n", kVersion, kCommit));
  }
  return kOk;
}

int run_completion(const Invocation& invocation) {
  const Result<std::string> script = completion_script(invocation.argument);
  if (!script) return fail_with(*invocation.terminal, script.error());
  invocation.terminal->out(*script);
  return kOk;
}

int run_man(const Invocation& invocation) {
  invocation.terminal->out(man_page(kVersion));
  return kOk;
}

namespace {

// A folder of its own that goes with it.
class Scratch {
 public:
  static Result<Scratch> make() {
    std::error_code failed;
    std::string name = (std::filesystem::temp_directory_path(failed) / "seine-XXXXXX").string();
    if (failed || mkdtemp(name.data()) == nullptr)
      return std::unexpected(base::errno_error("a folder for scratch", errno));
    return Scratch(std::move(name));
  }
  Scratch(Scratch&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// The routes are the service's own, so one is put together, on a folder that goes at once.
Result<std::string> openapi_document() {
  const Scratch scratch = SEINE_TRY(Scratch::make());
  base::SystemClock clock;
  base::SystemRandom random;
  base::DescriptorOutput output(STDERR_FILENO);
  base::LogSink sink(output, clock, base::Level::kError, base::LogFormat::kText);
  ServiceSettings settings{.listen = {"unix:" + scratch.path() + "/socket"},
                           .data_dir = scratch.path() + "/data",
                           .load_models = false};
  const auto service = SEINE_TRY(Service::start(std::move(settings), {clock, random, sink}));
  return service->openapi();
}

}  // namespace

int run_openapi(const Invocation& invocation) {
  const Result<std::string> document = openapi_document();
  if (!document) return fail_with(*invocation.terminal, document.error());
  const Result<base::Json> json = base::parse_json(*document);
  if (!json) return fail_with(*invocation.terminal, json.error());
  invocation.terminal->out(base::to_pretty_text(*json) + "\n");
  return kOk;
}

}  // namespace seine::server
