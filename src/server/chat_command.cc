// seine chat: a conversation in the terminal or over a pipe. Conversations are the service's own,
// so that the console shows them, too.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "net/url.h"
#include "server/answer_view.h"
#include "server/api_client.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/line_reader.h"
#include "server/service_reply.h"
#include "server/signals.h"
#include "server/version.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Json;
using base::Result;

constexpr std::size_t kTitleBytesMax = 80;
constexpr std::string_view kBlock = "\"\"\"";

// Ctrl+C goes to the answer that is being written, else to the line that is being read. Signals are
// taken by a thread of its own, as in `seine up`: no handler interrupts the others.
class Interrupts {
 public:
  explicit Interrupts(const LineReader& reader) : reader_(reader), set_(block_signals({SIGINT})) {
    thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  }

  // The token of the answer that begins now.
  std::stop_token begin_answer() {
    const std::lock_guard guard(mutex_);
    answer_ = std::stop_source();
    state_ = State::kAnswering;
    return answer_.get_token();
  }
  // From now on lines are read.
  void read_lines() {
    const std::lock_guard guard(mutex_);
    state_ = State::kReading;
  }

 private:
  enum class State : std::uint8_t { kStarting, kReading, kAnswering };

  void watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      if (wait_for_signal(set_, std::chrono::milliseconds(200)) != SIGINT) continue;
      const std::lock_guard guard(mutex_);
      // While a model loads there is nothing to keep.
      if (state_ == State::kStarting) std::_Exit(kInterrupted);
      if (state_ == State::kAnswering) {
        answer_.request_stop();
      } else {
        reader_.interrupt();
      }
    }
  }

  const LineReader& reader_;
  const sigset_t set_;
  std::mutex mutex_;
  std::stop_source answer_;
  State state_ = State::kStarting;
  std::jthread thread_;
};

struct Verb {
  std::string_view name;
  std::string_view argument;
  Bilingual help;
};
constexpr std::array kVerbs = {
    Verb{"/help", "", {"show these commands", "显示这些命令"}},
    Verb{"/new", "", {"begin a new conversation", "开始新的对话"}},
    Verb{"/chats", "", {"list the latest conversations", "列出最近的对话"}},
    Verb{"/open", "ID", {"go on with a conversation", "继续某个对话"}},
    Verb{"/search", "auto|on|off", {"search the web or not", "是否搜索网络"}},
    Verb{"/site",
         "[URL,…]",
         {"read these sites only; without one: all", "只读这些站点；不写则不限"}},
    Verb{"/think", "off|low|high|max", {"how much to think", "思考程度"}},
    Verb{"/model", "[NAME]", {"list the models, or choose one", "列出模型或选用某个模型"}},
    Verb{"/sources",
         "",
         {"cited sentences and failed pages of the last answer",
          "上一个回答的引文与读取失败的页面"}},
    Verb{"/save", "FILE", {"write the conversation as Markdown", "把对话存为 Markdown"}},
    Verb{"/exit", "", {"leave (or Ctrl+D)", "退出（或按 Ctrl+D）"}},
};

class Chat {
 public:
  Chat(const Invocation& invocation, ApiClient& client, LineReader& reader, Interrupts& interrupts)
      : terminal_(*invocation.terminal),
        client_(client),
        reader_(reader),
        interrupts_(interrupts),
        interactive_(isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1) {
    for (const std::string_view option : {"--search", "--think", "--model", "--language"}) {
      if (const auto value = invocation.value(option)) set(option.substr(2), *value);
    }
    sites(invocation.value("--site").value_or(""));
  }

  int run(const std::string& chat_id) {
    greet();
    if (!chat_id.empty() && !open(chat_id)) return code_;
    bool warned = false;
    for (;;) {
      if (interactive_) prompt("> ");
      Result<std::optional<std::string>> question = read_question();
      if (!question) return fail_with(terminal_, question.error());
      if (interrupted_) {
        if (warned || !interactive_) return kInterrupted;
        warned = true;
        terminal_.note(
            terminal_.pick({"\nonce more, or Ctrl+D, to leave", "\n再按一次或按 Ctrl+D 退出"}));
        continue;
      }
      warned = false;
      if (!*question) break;
      const std::string_view text = base::trim(**question);
      if (text.empty()) continue;
      if (text.starts_with('/')) {
        if (!command(text)) break;
      } else {
        ask(std::string(text));
        if (stopped_ && !interactive_) return kInterrupted;
      }
    }
    if (interactive_) terminal_.note("");
    return code_;
  }

 private:
  void prompt(std::string_view text) {
    const std::string shown = terminal_.styled_err(Style::kGreen, text);
    (void)!write(STDERR_FILENO, shown.data(), shown.size());
  }

  void set(std::string_view key, std::string_view value) { body_[std::string(key)] = value; }

  void sites(std::string_view list) {
    Json out = Json::array();
    for (const std::string_view site : base::split(list, ',')) {
      const std::string_view trimmed = base::trim(site);
      if (trimmed.empty()) continue;
      const bool has_scheme = trimmed.find("://") != std::string_view::npos;
      out.push_back(has_scheme ? std::string(trimmed) : fmt::format("https://{}", trimmed));
    }
    if (out.empty()) {
      body_.erase("sites");
    } else {
      body_["sites"] = std::move(out);
    }
  }

  // A line, or all between two """ lines; nothing at the end of the input.
  Result<std::optional<std::string>> read_question() {
    interrupted_ = false;
    std::string text;
    bool block = false;
    for (;;) {
      const LineReader::Line line = SEINE_TRY(reader_.next());
      if (line.end == LineReader::End::kInterrupt) {
        interrupted_ = true;
        return std::string();
      }
      if (line.end == LineReader::End::kInput) {
        if (text.empty()) return std::nullopt;
        return text;
      }
      std::string_view rest = line.text;
      const bool fence =
          base::trim(rest).starts_with(kBlock) || (block && base::trim(rest).ends_with(kBlock));
      if (!block && !fence) return line.text;
      if (fence) {
        const std::string_view trimmed = base::trim(rest);
        const bool opens = !block;
        rest = opens ? trimmed.substr(kBlock.size())
                     : trimmed.substr(0, trimmed.size() - kBlock.size());
        const bool both = opens && rest.ends_with(kBlock);
        if (both) return std::string(rest.substr(0, rest.size() - kBlock.size()));
        text += rest;
        if (!opens) return text;
        block = true;
      } else {
        text += rest;
      }
      text += '\n';
      if (interactive_) prompt("… ");
    }
  }

  // What the answers will be made with; where nothing is loaded, how to change that.
  void greet() {
    const Result<Json> models = get("/api/models");
    std::string ready;
    bool spans = false;
    if (models) {
      for (const Json& model : list_at(*models, "data")) {
        const bool embeds = base::get_or<bool>(model, "embeds", false).value_or(false);
        if (text_at(model, "state") != "ready" || embeds) continue;
        const bool first = base::get_or<bool>(model, "default", false).value_or(false);
        if (!ready.empty() && !first) continue;
        ready = text_at(model, "id");
        spans = base::get_or<bool>(model, "cites_spans", false).value_or(false);
      }
    }
    if (interactive_) {
      terminal_.note(terminal_.styled_err(
          Style::kDim, fmt::format("Seine {}{}{} · {}", kVersion, ready.empty() ? "" : " · ", ready,
                                   terminal_.pick({"/help lists the commands, Ctrl+D leaves",
                                                   "/help 列出命令，Ctrl+D 退出"}))));
    }
    if (!models) return;
    if (ready.empty()) {
      terminal_.note(terminal_.pick(
          {"No model is loaded, so answers are sentences of the sources. To load one: get a GGUF "
           "file "
           "of a DeepSeek model and start `seine up --model FILE.gguf`.",
           "没有加载模型，因此答案是资料中的原句。要加载模型：获取 DeepSeek 模型的 GGUF 文件，"
           "然后运行 `seine up --model 文件.gguf`。"}));
    } else if (spans && interactive_) {
      terminal_.note(terminal_.pick(
          {"This small model finds words in sources; it does not converse. For more: `seine up "
           "--model FILE.gguf` with a DeepSeek model.",
           "这个小模型只会在资料中找词句，不会聊天。要用更强的模型：`seine up --model "
           "文件.gguf`。"}));
    }
  }

  Result<Json> get(std::string_view path) {
    const std::string reply = SEINE_TRY(client_.call("GET", path));
    return base::parse_json(reply);
  }

  // False: leave.
  bool command(std::string_view line) {
    const std::size_t space = line.find(' ');
    const std::string_view name = line.substr(0, space);
    const std::string_view argument =
        space == std::string_view::npos ? std::string_view() : base::trim(line.substr(space));
    if (name == "/exit" || name == "/quit" || name == "/bye") return false;
    if (name == "/help" || name == "/?") {
      help();
    } else if (name == "/new") {
      chat_.clear();
      parent_.clear();
      say({"a new conversation", "新的对话"});
    } else if (name == "/chats") {
      list_chats();
    } else if (name == "/open") {
      open(std::string(argument));
    } else if (name == "/search") {
      choose("search", argument, {"auto", "on", "off"});
    } else if (name == "/think") {
      choose("think", argument, {"off", "low", "high", "max"});
    } else if (name == "/site") {
      sites(argument);
    } else if (name == "/model") {
      model(argument);
    } else if (name == "/sources") {
      if (last_) terminal_.out(sources_text(terminal_, *last_, true));
    } else if (name == "/save") {
      save(std::string(argument));
    } else {
      constexpr Bilingual kUnknown = {"there is no command {}; /help lists them",
                                      "没有命令 {}；/help 列出全部命令"};
      refuse(fmt::format(fmt::runtime(terminal_.pick(kUnknown)), name), kUsage);
    }
    return true;
  }

  void say(Bilingual text) { terminal_.note(terminal_.pick(text)); }

  void refuse(std::string_view message, int code) {
    terminal_.error(message);
    code_ = code;
  }

  void help() {
    std::string out;
    for (const Verb& verb : kVerbs) {
      const std::string left = fmt::format("{} {}", verb.name, verb.argument);
      out += fmt::format("  {:<24} {}\n", left, terminal_.pick(verb.help));
    }
    out += fmt::format("  {:<24} {}\n", "\"\"\" … \"\"\"",
                       terminal_.pick({"a question of several lines", "多行问题"}));
    out += fmt::format("  {:<24} {}\n", "Ctrl+C",
                       terminal_.pick({"stop the answer; twice at the prompt: leave",
                                       "停止回答；在提示符处按两次则退出"}));
    terminal_.note(out);
  }

  void choose(std::string_view key, std::string_view value,
              std::initializer_list<std::string_view> choices) {
    if (std::ranges::find(choices, value) != choices.end()) return set(key, value);
    constexpr Bilingual kOneOf = {"/{} is one of {}", "/{} 可取 {}"};
    refuse(fmt::format(fmt::runtime(terminal_.pick(kOneOf)), key, fmt::join(choices, ", ")),
           kUsage);
  }

  void model(std::string_view name) {
    if (!name.empty()) return set("model", name);
    const Result<Json> models = get("/api/models");
    if (!models) return refuse(models.error().message, exit_code(models.error().code));
    std::string out;
    for (const Json& each : list_at(*models, "data"))
      out += fmt::format("{}  {}\n", text_at(each, "id"), text_at(each, "state"));
    terminal_.out(out);
  }

  void list_chats() {
    const Result<Json> chats = get("/api/chats?limit=10");
    if (!chats) return refuse(chats.error().message, exit_code(chats.error().code));
    std::string out;
    for (const Json& chat : list_at(*chats, "data")) {
      out += fmt::format("{}  {}  {}\n", text_at(chat, "id"),
                         text_at(chat, "updated_at").substr(0, 16), text_at(chat, "title"));
    }
    terminal_.out(out);
  }

  bool open(const std::string& id) {
    const Result<Json> chat = get("/api/chats/" + net::percent_encode(id));
    if (!chat) {
      refuse(chat.error().message, exit_code(chat.error().code));
      return false;
    }
    chat_ = id;
    parent_.clear();
    for (const Json& message : list_at(*chat, "messages")) {
      // The newest branch: what was said last, and what it answers.
      parent_ = text_at(message, "id");
      const bool asked = text_at(message, "role") == "user";
      terminal_.out(fmt::format("{}{}\n", asked ? "> " : "", text_at(message, "text")));
    }
    return true;
  }

  void save(const std::string& path) {
    if (path.empty() || chat_.empty()) {
      return refuse(terminal_.pick({"/save FILE, after a question", "先提问，再用 /save 文件"}),
                    kUsage);
    }
    const Result<std::string> text = client_.call(
        "GET", fmt::format("/api/chats/{}/export?format=md", net::percent_encode(chat_)));
    if (!text) return refuse(text.error().message, exit_code(text.error().code));
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << *text;
    file.close();
    if (!file) return refuse(base::errno_error(path, errno).message, kFailed);
    say({"saved", "已保存"});
  }

  Result<> begin_chat(const std::string& question) {
    if (!chat_.empty()) return {};
    std::string title = question.substr(0, base::utf8_prefix(question, kTitleBytesMax));
    std::ranges::replace(title, '\n', ' ');
    const std::string reply =
        SEINE_TRY(client_.call("POST", "/api/chats", base::to_text({{"title", title}})));
    const Json made = SEINE_TRY(base::parse_json(reply));
    chat_ = text_at(made, "id");
    return {};
  }

  void ask(const std::string& question) {
    if (const Result<> begun = begin_chat(question); !begun) {
      return refuse(begun.error().message, exit_code(begun.error().code));
    }
    Json body = body_;
    body["question"] = question;
    body["chat_id"] = chat_;
    body["stream"] = true;
    if (!parent_.empty()) body["parent_id"] = parent_;
    std::string run;
    std::optional<Json> answer;
    bool written = false;
    stopped_ = false;
    const std::stop_token stop = interrupts_.begin_answer();
    const Result<> ended = client_.stream(
        "/api/ask", base::to_text(body),
        [&](const net::SseEvent& event) {
          Result<Json> data = base::parse_json(event.data);
          if (!data) return;
          if (event.event == "start") {
            run = text_at(*data, "run_id");
            parent_ = text_at(*data, "answer_id");
          } else if (event.event == "step") {
            // Steps after the text would stand in the middle of it.
            if (!written) show_step(terminal_, *data);
          } else if (event.event == "text") {
            written = true;
            terminal_.out(text_at(*data, "text"));
          } else if (event.event == "done") {
            answer = *std::move(data);
          }
        },
        stop);
    interrupts_.read_lines();
    if (written) terminal_.out("\n");
    stopped_ = stop.stop_requested() && !answer;
    if (stopped_) {
      if (!run.empty()) {
        (void)client_.call("POST", "/api/runs/" + net::percent_encode(run) + "/stop");
      }
      say({"stopped; what was written stays", "已停止，已写出的内容保留"});
      return;
    }
    if (!ended) return refuse(ended.error().message, exit_code(ended.error().code));
    if (!answer) {
      return refuse(terminal_.pick({"the service broke off the answer", "服务中断了回答"}),
                    kFailed);
    }
    if (const Json* error = base::find(*answer, "error"); error != nullptr && error->is_object()) {
      const base::Error why = error_at(*error);
      refuse(why.message, exit_code(why.code));
    } else {
      code_ = kOk;
    }
    terminal_.out(sources_text(terminal_, *answer, false));
    last_ = std::move(answer);
  }

  const Terminal& terminal_;
  ApiClient& client_;
  LineReader& reader_;
  Interrupts& interrupts_;
  const bool interactive_;
  Json body_ = Json::object();  // what every question carries
  std::string chat_;
  std::string parent_;  // the last message
  std::optional<Json> last_;
  bool interrupted_ = false;
  bool stopped_ = false;
  int code_ = kOk;
};

}  // namespace

int run_chat(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  auto reader = LineReader::on(STDIN_FILENO);
  if (!reader) return fail_with(terminal, reader.error());
  // Before any other thread is made: they inherit that the signal is blocked.
  Interrupts interrupts(*reader);
  const auto client = ApiClient::connect(invocation);
  if (!client) return fail_with(terminal, client.error());
  interrupts.read_lines();
  return Chat(invocation, **client, *reader, interrupts)
      .run(invocation.value("--chat").value_or(""));
}

}  // namespace seine::server
