#include "server/command_table.h"

#include <algorithm>
#include <array>

#include "server/commands.h"

namespace seine::server {
namespace {

constexpr std::string_view kShells = "bash|zsh|fish";

constexpr std::array kGlobal = {
    Option{.name = "--config",
           .value = "FILE",
           .help = {"Configuration file (TOML)", "配置文件（TOML）"}},
    Option{.name = "--data",
           .value = "DIR",
           .help = {"Data directory", "数据目录"},
           .config_key = "data.dir"},
    Option{.name = "--log",
           .value = "LEVEL",
           .help = {"Log level", "日志级别"},
           .config_key = "log.level",
           .choices = "debug|info|warn|error|off"},
    Option{.name = "--lang",
           .value = "LANG",
           .help = {"Language of messages", "消息语言"},
           .choices = "en|zh"},
    Option{.name = "--color",
           .value = "WHEN",
           .help = {"Colour", "彩色输出"},
           .choices = "auto|always|never"},
    Option{.name = "--quiet",
           .help = {"Print data and errors only", "只输出数据和错误"},
           .letter = "-q"},
    Option{.name = "--help", .help = {"Show this help", "显示帮助"}, .letter = "-h"},
};

constexpr Option kJson{.name = "--json", .help = {"Print JSON", "输出 JSON"}};

constexpr std::array kUpOptions = {
    Option{.name = "--listen",
           .value = "ADDR",
           .help = {"Address to listen on (several: separate by commas)",
                    "监听地址（多个以逗号分隔）"},
           .config_key = "server.listen"},
    Option{.name = "--model",
           .value = "PATH",
           .help = {"Model to serve", "要加载的模型"},
           .config_key = "model.path"},
    Option{.name = "--open", .help = {"Open the console in the browser", "在浏览器中打开控制台"}},
    Option{.name = "--no-auth-on-loopback",
           .help = {"Serve requests from this machine without a session", "来自本机的请求无需会话"},
           .config_key = "server.open_on_loopback"},
    Option{.name = "--detach",
           .help = {"Go on in the background once ready", "就绪后转入后台运行"}},
};
constexpr std::array kDownOptions = {
    Option{
        .name = "--timeout",
        .value = "TIME",
        .help = {"How long to wait for the end (default 90s)", "等待结束的最长时间（默认 90s）"}},
};
constexpr std::array kJsonOptions = {kJson};
constexpr std::array kKeyOptions = {
    Option{.name = "--scope",
           .value = "LIST",
           .help = {"What it may do: chat, models, embeddings, admin (default chat)",
                    "权限：chat、models、embeddings、admin（默认 chat）"}},
    Option{.name = "--expires",
           .value = "TIME",
           .help = {"How long it is good for, such as 90d (default: no end)",
                    "有效期，如 90d（默认不过期）"}},
    Option{.name = "--requests-per-minute",
           .value = "N",
           .help = {"Requests a minute (default: no limit)", "每分钟请求数（默认不限）"}},
    Option{.name = "--tokens-per-minute",
           .value = "N",
           .help = {"Tokens a minute (default: no limit)", "每分钟 token 数（默认不限）"}},
    kJson,
};
constexpr std::array kRestoreOptions = {
    Option{.name = "--yes", .help = {"Do not ask", "不再询问"}},
};
constexpr Option kTimeout{.name = "--timeout",
                          .value = "TIME",
                          .help = {"Longest time to wait", "最长等待时间"}};
constexpr Option kMaxAge{.name = "--max-age",
                         .value = "TIME",
                         .help = {"Age of a kept copy that will do (0s: ask the source)",
                                  "可接受的缓存时长（0s 表示重新获取）"}};
constexpr Option kOffline{.name = "--offline",
                          .help = {"Use only what is kept; no network", "仅用本地留存，不联网"}};
constexpr Option kNoRobots{.name = "--ignore-robots",
                           .help = {"Read although robots.txt asks not to (it is noted)",
                                    "不理会 robots.txt（会给出提示）"}};
constexpr Option kReplay{.name = "--replay",
                         .value = "FILE",
                         .help = {"Repeat a recorded reading; no network", "重放已记录的读取，不联网"}};
constexpr Option kRecord{.name = "--record",
                         .value = "FILE",
                         .help = {"Record the reading so that it can be repeated",
                                  "记录本次读取以便重放"}};
constexpr std::array kWebReadOptions = {
    kTimeout, kMaxAge, kOffline, kNoRobots, kRecord, kReplay,
    Option{.name = "--whole",
           .help = {"Everything visible, not the main content only", "输出全部可见内容，而非仅正文"}},
    kJson};
constexpr std::array kWebFetchOptions = {kTimeout, kMaxAge, kOffline, kNoRobots, kRecord, kReplay,
                                         kJson};
constexpr std::array kWebExtractOptions = {
    Option{.name = "--url", .value = "URL", .help = {"Where the file is from", "文件的来源网址"}},
    Option{.name = "--type",
           .value = "TYPE",
           .help = {"Its media type (default: by its bytes)", "媒体类型（默认按内容判断）"}},
    Option{.name = "--whole",
           .help = {"Everything visible, not the main content only", "输出全部可见内容，而非仅正文"}},
    kJson};
constexpr std::array kWebCrawlOptions = {
    Option{.name = "--depth",
           .value = "N",
           .help = {"Links to follow from the first page (default 2)", "链接层数（默认 2）"}},
    Option{.name = "--include",
           .value = "GLOBS",
           .help = {"Only these addresses, such as '/docs/**' (several: commas)",
                    "仅这些地址，如 '/docs/**'（多个以逗号分隔）"}},
    Option{.name = "--exclude",
           .value = "GLOBS",
           .help = {"Not these addresses", "排除这些地址"}},
    Option{.name = "--pages",
           .value = "N",
           .help = {"Most pages to read (default 200)", "最多读取的页数（默认 200）"}},
    Option{.name = "--into",
           .value = "NAME",
           .help = {"Collection to keep the pages in (default web)", "存入的集合（默认 web）"}},
    Option{.name = "--no-sitemap", .help = {"Do not read sitemaps", "不读取站点地图"}},
    kTimeout, kNoRobots, kJson};
constexpr std::array kWebSearchOptions = {
    Option{.name = "--provider",
           .value = "LIST",
           .help = {"Ask only these providers", "仅查询这些搜索服务"}},
    Option{.name = "--limit", .value = "N", .help = {"Most results (default 10)", "结果数（默认 10）"}},
    Option{.name = "--site", .value = "LIST", .help = {"Only these domains", "仅这些域名"}},
    Option{.name = "--time",
           .value = "RANGE",
           .help = {"Only what is that young", "仅此时段内的内容"},
           .choices = "day|week|month|year"},
    kOffline, kTimeout, kJson};
constexpr std::span<const Option> kNoOptions;

constexpr std::array kCommands = {
    Command{.path = "up",
            .help = {"Start the service", "启动服务"},
            .options = kUpOptions,
            .run = run_up},
    Command{.path = "down",
            .help = {"Stop the service that uses the data directory", "停止使用该数据目录的服务"},
            .options = kDownOptions,
            .run = run_down},
    Command{.path = "link",
            .help = {"Print a one-time link to the console", "打印控制台的一次性链接"},
            .options = kNoOptions,
            .run = run_link},
    Command{.path = "doctor",
            .help = {"Check the machine, the data and the settings", "检查机器、数据与设置"},
            .options = kJsonOptions,
            .run = run_doctor},
    Command{.path = "config get",
            .argument = "[KEY]",
            .help = {"Print a setting, or all", "打印某项或全部设置"},
            .options = kJsonOptions,
            .run = run_config_get},
    Command{.path = "config explain",
            .argument = "KEY",
            .help = {"Tell where a setting comes from", "说明某项设置的来源"},
            .options = kJsonOptions,
            .run = run_config_explain},
    Command{.path = "config check",
            .help = {"Check the configuration", "检查配置"},
            .options = kNoOptions,
            .run = run_config_check},
    Command{.path = "key ls",
            .help = {"List the API keys", "列出 API 密钥"},
            .options = kJsonOptions,
            .run = run_key_ls},
    Command{.path = "key create",
            .argument = "NAME",
            .help = {"Make an API key; it is shown once", "创建 API 密钥（仅显示一次）"},
            .options = kKeyOptions,
            .run = run_key_create},
    Command{.path = "key revoke",
            .argument = "ID",
            .help = {"Revoke an API key", "吊销 API 密钥"},
            .options = kNoOptions,
            .run = run_key_revoke},
    Command{.path = "backup",
            .argument = "FILE",
            .help = {"Copy the database while the service runs", "在服务运行时备份数据库"},
            .options = kNoOptions,
            .run = run_backup},
    Command{.path = "restore",
            .argument = "FILE",
            .help = {"Put a backup in the place of the database", "用备份替换数据库"},
            .options = kRestoreOptions,
            .run = run_restore},
    Command{.path = "web search",
            .argument = "QUESTION",
            .help = {"Search the web and what is kept", "搜索网络与本地留存"},
            .options = kWebSearchOptions,
            .run = run_web_search},
    Command{.path = "web read",
            .argument = "URL",
            .help = {"Print a page as Markdown", "以 Markdown 打印网页"},
            .options = kWebReadOptions,
            .run = run_web_read},
    Command{.path = "web fetch",
            .argument = "URL",
            .help = {"Print the bytes behind an address", "打印网址返回的原始内容"},
            .options = kWebFetchOptions,
            .run = run_web_fetch},
    Command{.path = "web extract",
            .argument = "FILE",
            .help = {"Print a local file as Markdown", "以 Markdown 打印本地文件"},
            .options = kWebExtractOptions,
            .run = run_web_extract},
    Command{.path = "web crawl",
            .argument = "URL",
            .help = {"Read a site and keep it for searching", "抓取站点并留存以供搜索"},
            .options = kWebCrawlOptions,
            .run = run_web_crawl},
    Command{.path = "version",
            .help = {"Print the version", "打印版本"},
            .options = kJsonOptions,
            .run = run_version},
    Command{.path = "completion",
            .argument = "SHELL",
            .help = {"Print the completion script of a shell", "打印 shell 补全脚本"},
            .options = kNoOptions,
            .run = run_completion,
            .argument_choices = kShells},
    Command{.path = "man",
            .help = {"Print the manual page", "打印手册页"},
            .options = kNoOptions,
            .run = run_man},
};

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}
std::span<const Option> global_options() {
  return kGlobal;
}

const Command* find_command(std::string_view path) {
  const auto found = std::ranges::find(kCommands, path, &Command::path);
  return found == kCommands.end() ? nullptr : &*found;
}

}  // namespace seine::server
