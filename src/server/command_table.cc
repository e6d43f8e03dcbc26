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
           .help = {"Address to listen on (several: repeat it, or commas)",
                    "监听地址（可重复，或以逗号分隔）"},
           .config_key = "server.listen",
           .list = true},
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
constexpr Option kSites{.name = "--site",
                        .value = "URL",
                        .help = {"Read this site only (several: repeat it, or commas)",
                                 "只阅读该站点（可重复，或以逗号分隔）"},
                        .list = true};
constexpr Option kSearch{.name = "--search",
                         .value = "WHEN",
                         .help = {"Search the web", "是否搜索网络"},
                         .choices = "auto|on|off"};
constexpr Option kThink{.name = "--think",
                        .value = "HOW",
                        .help = {"How much a model that can think does so", "思考模型的思考程度"},
                        .choices = "off|low|high|max"};
constexpr Option kAnswerModel{
    .name = "--model", .value = "NAME", .help = {"Model that answers", "作答的模型"}};
constexpr Option kAnswerLanguage{.name = "--language",
                                 .value = "LANG",
                                 .help = {"Language of the answer", "回答所用语言"},
                                 .choices = "en|zh"};
constexpr std::array kAskOptions = {
    kSites,
    kSearch,
    kThink,
    kAnswerModel,
    kAnswerLanguage,
    Option{.name = "--sources",
           .help = {"Print the cited sentences, and pages that failed",
                    "同时打印被引原句与读取失败的页面"}},
    Option{.name = "--require-sources",
           .help = {"Fail (9) when the answer cites nothing", "回答没有引用时以 9 退出"}},
    kJson,
};
constexpr std::array kChatOptions = {
    kSites,
    kSearch,
    kThink,
    kAnswerModel,
    kAnswerLanguage,
    Option{.name = "--chat", .value = "ID", .help = {"Go on with this conversation", "继续该对话"}},
};
constexpr std::array kDemoOptions = {
    Option{.name = "--listen",
           .value = "ADDR",
           .help = {"Address to listen on (default 127.0.0.1:8481)",
                    "监听地址（默认 127.0.0.1:8481）"}},
};
constexpr std::array kRunsOptions = {
    Option{.name = "--limit", .value = "N", .help = {"How many (default 20)", "条数（默认 20）"}},
    kJson,
};
constexpr std::array kKeyOptions = {
    Option{.name = "--scope",
           .value = "LIST",
           .help = {"What it may do: chat, models, embeddings, admin (default chat)",
                    "权限：chat、models、embeddings、admin（默认 chat）"},
           .list = true},
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
constexpr std::array kSynthOptions = {
    Option{.name = "--type",
           .value = "T",
           .help = {"Mixture of weight types (default q4_0)", "权重类型组合（默认 q4_0）"},
           .choices = "f32|f16|bf16|q8_0|q6_k|q5_k_m|q4_k_m|q4_0|iq4_nl"},
    Option{.name = "--pure", .help = {"Give the head the type of the bulk", "输出层也用主体类型"}},
    Option{.name = "--out", .value = "FILE", .help = {"Where to write", "输出文件"}},
};
constexpr std::array kShowOptions = {
    Option{.name = "--context",
           .value = "N",
           .help = {"Tokens of a sequence (default: what the model was made for)",
                    "每路的 token 数（默认为模型上限）"}},
    Option{.name = "--batch",
           .value = "N",
           .help = {"Sequences side by side (default 1)", "并行路数（默认 1）"}},
    kJson,
};
constexpr std::array kQuantizeOptions = {
    Option{.name = "--type",
           .value = "T",
           .help = {"Mixture of weight types (default q4_k_m)", "权重类型组合（默认 q4_k_m）"},
           .choices = "f32|f16|bf16|q8_0|q6_k|q5_k_m|q4_k_m|q4_0|iq4_nl"},
    Option{.name = "--calibrate",
           .value = "TEXT",
           .help = {"Text file by which errors are weighted, plain or .xz",
                    "用于加权误差的文本文件，可为 .xz"}},
    kJson,
};
constexpr std::array kBenchOptions = {
    Option{.name = "--prompt",
           .value = "N",
           .help = {"Tokens of the prompt (default 512)", "提示词 token 数（默认 512）"}},
    Option{.name = "--generate",
           .value = "N",
           .help = {"Tokens of each stream (default 32)", "每路生成的 token 数（默认 32）"}},
    Option{.name = "--streams",
           .value = "N",
           .help = {"Streams of the batch (default 8)", "批中的路数（默认 8）"}},
    Option{
        .name = "--rounds", .value = "N", .help = {"How often (default 3)", "重复次数（默认 3）"}},
    Option{.name = "--threads",
           .value = "N",
           .help = {"Threads (default: one for each core)", "线程数（默认每核一个）"}},
    kJson,
};
constexpr std::array kRestoreOptions = {
    Option{.name = "--yes", .help = {"Do not ask", "不再询问"}},
};
constexpr Option kTimeout{
    .name = "--timeout", .value = "TIME", .help = {"Longest time to wait", "最长等待时间"}};
constexpr Option kMaxAge{.name = "--max-age",
                         .value = "TIME",
                         .help = {"Age of a kept copy that will do (0s: ask the source)",
                                  "可接受的缓存时长（0s 表示重新获取）"}};
constexpr Option kOffline{.name = "--offline",
                          .help = {"Use only what is kept; no network", "仅用本地留存，不联网"}};
constexpr Option kNoRobots{.name = "--ignore-robots",
                           .help = {"Read although robots.txt asks not to (it is noted)",
                                    "不理会 robots.txt（会给出提示）"}};
constexpr Option kReplay{
    .name = "--replay",
    .value = "FILE",
    .help = {"Repeat a recorded reading; no network", "重放已记录的读取，不联网"}};
constexpr Option kRecord{
    .name = "--record",
    .value = "FILE",
    .help = {"Record the reading so that it can be repeated", "记录本次读取以便重放"}};
constexpr Option kHtml = {.name = "--html",
                          .help = {"Print sanitised HTML instead (HTML pages only)",
                                   "改为输出净化后的 HTML（仅限 HTML 页面）"}};
constexpr Option kRender{
    .name = "--render",
    .value = "WHEN",
    .help = {"Run the page's scripts in a browser (auto: where it has no text "
             "without them; says why)",
             "用浏览器运行页面脚本（auto：仅在静态页面没有正文时，并说明原因）"},
    .choices = "never|auto|always"};
constexpr Option kSelector{.name = "--selector",
                           .value = "CSS",
                           .help = {"Only what these elements hold, such as '#prices, main .item'",
                                    "仅这些元素的内容，如 '#prices, main .item'"}};
constexpr std::array kWebReadOptions = {
    kRender,
    kSelector,
    kTimeout,
    kMaxAge,
    kOffline,
    kNoRobots,
    kRecord,
    kReplay,
    Option{
        .name = "--whole",
        .help = {"Everything visible, not the main content only", "输出全部可见内容，而非仅正文"}},
    kHtml,
    kJson};
constexpr std::array kWebFetchOptions = {kTimeout, kMaxAge, kOffline, kNoRobots,
                                         kRecord,  kReplay, kJson};
constexpr std::array kWebExtractOptions = {
    Option{.name = "--url", .value = "URL", .help = {"Where the file is from", "文件的来源网址"}},
    Option{.name = "--type",
           .value = "TYPE",
           .help = {"Its media type (default: by its bytes)", "媒体类型（默认按内容判断）"}},
    Option{
        .name = "--whole",
        .help = {"Everything visible, not the main content only", "输出全部可见内容，而非仅正文"}},
    kHtml, kJson};
constexpr std::array kWebCrawlOptions = {
    Option{.name = "--depth",
           .value = "N",
           .help = {"Links to follow from the first page (default 2)", "链接层数（默认 2）"}},
    Option{.name = "--include",
           .value = "GLOBS",
           .help = {"Only these addresses, such as '/docs/**' (several: commas)",
                    "仅这些地址，如 '/docs/**'（多个以逗号分隔）"},
           .list = true},
    Option{.name = "--exclude",
           .value = "GLOBS",
           .help = {"Not these addresses", "排除这些地址"},
           .list = true},
    Option{.name = "--pages",
           .value = "N",
           .help = {"Most pages to read (default 200)", "最多读取的页数（默认 200）"}},
    Option{.name = "--alike",
           .value = "N",
           .help = {"Most addresses that differ in digits only (default 100; 0: all)",
                    "仅数字不同的同类地址上限（默认 100；0 为不限）"}},
    Option{.name = "--into",
           .value = "NAME",
           .help = {"Collection to keep the pages in (default web)", "存入的集合（默认 web）"}},
    Option{.name = "--no-sitemap",
           .help = {"Do not read sitemaps and feeds", "不读取站点地图与订阅源"}},
    Option{
        .name = "--rate-limit", .value = "N", .help = {"Most requests a second", "每秒请求数上限"}},
    kRender,
    kTimeout,
    kNoRobots,
    kJson};
constexpr std::array kWebWatchOptions = {
    kSelector,
    Option{.name = "--block",
           .value = "TEXT",
           .help = {"Only the blocks that hold this text; of a heading, its section",
                    "仅包含该文字的段落；若为标题则为其整节"}},
    Option{.name = "--every",
           .value = "TIME",
           .help = {"How often it is read (default 1h)", "读取间隔（默认 1h）"}},
    Option{.name = "--webhook",
           .value = "URL",
           .help = {"Where changes are told, signed by the Standard Webhooks scheme",
                    "变化的通知地址，按 Standard Webhooks 规范签名"}},
    Option{.name = "--noise",
           .value = "RULES",
           .help = {"Differences that are no news: dates,counters,ads,links (default: all) or none",
                    "视为噪声的差异：dates,counters,ads,links（默认全部）或 none"},
           .list = true},
    Option{.name = "--ignore",
           .value = "TEXTS",
           .help = {"Blocks that hold one of these are not looked at (several: commas)",
                    "忽略包含这些文字的段落（多个以逗号分隔）"},
           .list = true},
    kRender,
    kJson};
constexpr std::array kWebhookOptions = {
    Option{.name = "--state",
           .value = "STATE",
           .help = {"Only those (dead: given up after a day)", "仅此状态（dead：一天后放弃）"},
           .choices = "pending|sent|dead"},
    kJson};
constexpr std::array kWebSearchOptions = {
    Option{.name = "--provider",
           .value = "LIST",
           .help = {"Ask only these providers", "仅查询这些搜索服务"},
           .list = true},
    Option{.name = "--limit",
           .value = "N",
           .help = {"Most results (default 10)", "结果数（默认 10）"}},
    Option{.name = "--site",
           .value = "LIST",
           .help = {"Only these domains", "仅这些域名"},
           .list = true},
    Option{.name = "--time",
           .value = "RANGE",
           .help = {"Only what is that young", "仅此时段内的内容"},
           .choices = "day|week|month|year"},
    kOffline,
    kTimeout,
    kRecord,
    kReplay,
    kJson};
constexpr std::array kGenerateOptions = {
    Option{.name = "--model",
           .value = "FILE",
           .help = {"Model file (default: the one that ships with Seine)",
                    "模型文件（默认为随附模型）"},
           .config_key = "model.path"},
    Option{.name = "--max-tokens",
           .value = "N",
           .help = {"Most tokens to write (default 256)", "最多生成的词元数（默认 256）"}},
    Option{.name = "--temperature",
           .value = "X",
           .help = {"0: always the likeliest (default)", "0 表示总取最可能的词元（默认）"}},
    Option{.name = "--seed",
           .value = "N",
           .help = {"Equal seeds give equal text", "相同种子得到相同文本"}},
    kJson,
};
constexpr std::array kModelEvalOptions = {
    Option{.name = "--suite",
           .value = "NAME",
           .help = {"What to measure", "评测内容"},
           .choices = "qa|perplexity|kl|retrieval|faq|intent"},
    Option{
        .name = "--data",
        .value = "FILE",
        .help =
            {"Questions as JSON lines or a text, plain or .xz; for retrieval (.corpus.jsonl, "
             ".queries.jsonl), faq (.entries.jsonl, .queries.jsonl) and intent "
             "(.train.jsonl, .test.jsonl) what the files' names begin with",
             "题目（JSON Lines）或文本，可为 .xz；retrieval（.corpus.jsonl、.queries.jsonl）、faq"
             "（.entries.jsonl、.queries.jsonl）与 intent（.train.jsonl、.test.jsonl）"
             "则为文件名的前缀"}},
    Option{.name = "--base",
           .value = "FILE",
           .help = {"kl: the model to compare with", "kl：作为基准的模型"}},
    Option{.name = "--window",
           .value = "N",
           .help = {"perplexity, kl: tokens read together (default 512)",
                    "perplexity、kl：一次读入的 token 数（默认 512）"}},
    Option{.name = "--dimensions",
           .value = "N",
           .help = {"retrieval, faq, intent: shortened vectors",
                    "retrieval、faq、intent：截短的向量维数"}},
    Option{.name = "--limit",
           .value = "N",
           .help = {"Questions or windows at most", "最多题数或窗口数"}},
    Option{.name = "--distractors",
           .value = "N",
           .help = {"Near passages beside the right one", "混入的相近段落数"}},
    Option{.name = "--missing",
           .help = {"Leave out the passage with the answer", "不提供含答案的段落"}},
    Option{.name = "--held-out",
           .value = "N",
           .help = {"Only articles that the hash of their title holds out: N in 1000",
                    "只用标题哈希留出的文章：千分之 N"}},
    Option{.name = "--read",
           .value = "HOW",
           .help = {"Passages in one prompt or each in its own", "段落合读或分读"},
           .choices = "apart|together"},
    Option{.name = "--refusal",
           .value = "P",
           .help = {"Abstain above this probability of refusing", "拒答概率高于此值时不作答"}},
    kJson,
};
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
    Command{
        .path = "ask",
        .argument = "QUESTION",
        .help = {"Answer a question from sources, with citations", "依据资料回答问题并给出引用"},
        .options = kAskOptions,
        .run = run_ask},
    Command{.path = "chat",
            .help = {"Talk in the terminal, or answer questions line by line",
                     "在终端里对话，或逐行回答问题"},
            .options = kChatOptions,
            .run = run_chat},
    Command{
        .path = "demo",
        .help = {"Serve a small sample site to try things on", "提供一个可供试用的小型示例站点"},
        .options = kDemoOptions,
        .run = run_demo},
    Command{.path = "runs ls",
            .help = {"List recorded answers", "列出已记录的回答"},
            .options = kRunsOptions,
            .run = run_runs_ls},
    Command{.path = "runs show",
            .argument = "ID",
            .help = {"Print a recorded answer", "打印一条已记录的回答"},
            .options = kJsonOptions,
            .run = run_runs_show},
    Command{.path = "runs replay",
            .argument = "ID",
            .help = {"Make an answer again from its recorded pages, with no network",
                     "不联网，用已记录的页面重做回答"},
            .options = kJsonOptions,
            .run = run_runs_replay},
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
    Command{
        .path = "model synth",
        .argument = "SHAPE",
        .help = {"Write a model of random weights, for measuring", "写出随机权重的模型，供测速用"},
        .options = kSynthOptions,
        .run = run_model_synth,
        .argument_choices = "r1-qwen-1.5b|v2-lite-32e|tiny-qwen2|tiny-deepseek2"},
    Command{.path = "model show",
            .argument = "[FILE]",
            .help = {"Tell what a model file holds and what memory it takes",
                     "显示模型文件的内容与所需内存"},
            .options = kShowOptions,
            .run = run_model_show},
    Command{
        .path = "model quantize",
        .argument = "IN OUT",
        .help = {"Write a model with fewer bits a weight, as GGUF", "以更少的位数写出模型（GGUF）"},
        .options = kQuantizeOptions,
        .run = run_model_quantize},
    Command{
        .path = "model bench",
        .argument = "FILE",
        .help = {"Measure a model's speed beside the machine's limits", "对照机器上限测量模型速度"},
        .options = kBenchOptions,
        .run = run_model_bench},
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
    Command{.path = "web watch",
            .argument = "URL",
            .help = {"Tell when a page changes", "网页变化时发出通知"},
            .options = kWebWatchOptions,
            .run = run_web_watch},
    Command{.path = "web watch ls",
            .help = {"List the watched pages", "列出受监视的网页"},
            .options = kJsonOptions,
            .run = run_watch_ls},
    Command{.path = "web watch show",
            .argument = "ID",
            .help = {"Print a watch and what has changed", "打印监视项及其变化历史"},
            .options = kJsonOptions,
            .run = run_watch_show},
    Command{.path = "web watch check",
            .argument = "ID",
            .help = {"Read a watched page now", "立即读取受监视的网页"},
            .options = kJsonOptions,
            .run = run_watch_check},
    Command{.path = "web watch pause",
            .argument = "ID",
            .help = {"Pause a watch", "暂停监视"},
            .options = kNoOptions,
            .run = run_watch_pause},
    Command{.path = "web watch resume",
            .argument = "ID",
            .help = {"Let a paused watch go on", "恢复监视"},
            .options = kNoOptions,
            .run = run_watch_resume},
    Command{.path = "web watch rm",
            .argument = "ID",
            .help = {"Forget a watch and its history", "删除监视项及其历史"},
            .options = kNoOptions,
            .run = run_watch_rm},
    Command{.path = "web watch webhooks",
            .help = {"List what changes have sent", "列出已发出的变化通知"},
            .options = kWebhookOptions,
            .run = run_watch_webhooks},
    Command{.path = "web watch resend",
            .argument = "ID",
            .help = {"Send a webhook again, under its old id", "按原编号重发通知"},
            .options = kNoOptions,
            .run = run_watch_resend},
    Command{.path = "generate",
            .argument = "[PROMPT]",
            .help = {"Write on from a prompt (default: stdin), without a service",
                     "不启动服务，直接续写提示词（默认读标准输入）"},
            .options = kGenerateOptions,
            .run = run_generate},
    Command{.path = "model eval",
            .argument = "[MODEL]",
            .help = {"Measure a model on a set of data", "用数据集评测模型"},
            .options = kModelEvalOptions,
            .run = run_model_eval},
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
    Command{.path = "openapi",
            .help = {"Print the OpenAPI document of the service", "打印服务的 OpenAPI 文档"},
            .options = kNoOptions,
            .run = run_openapi},
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

bool is_of_group(const Command& command, std::string_view group) {
  return command.path.size() > group.size() && command.path.starts_with(group) &&
         command.path[group.size()] == ' ';
}

bool is_group(std::string_view word) {
  return !word.empty() && std::ranges::any_of(commands(), [word](const Command& command) {
    return is_of_group(command, word);
  });
}

}  // namespace seine::server
