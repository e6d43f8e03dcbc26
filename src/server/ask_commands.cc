// Commands on answers: ask, runs ls, runs show, runs replay.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "net/url.h"
#include "server/answer_view.h"
#include "server/api_client.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/service_reply.h"

namespace seine::server {
namespace {

using base::Json;
using base::Result;

constexpr std::size_t kInputMax = std::size_t{32} << 20;  // what the service takes of a file

// What a pipe or a file brings on stdin: sources of the answer. Nothing where somebody could type,
// or where there is nothing.
Result<std::string> piped_input() {
  struct stat kind{};
  if (fstat(STDIN_FILENO, &kind) != 0 || !(S_ISFIFO(kind.st_mode) || S_ISREG(kind.st_mode)))
    return std::string();
  std::string out;
  std::array<char, 65536> piece{};
  for (;;) {
    const ssize_t got = read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(base::errno_error("stdin", errno));
    if (got == 0) return out;
    out.append(piece.data(), static_cast<std::size_t>(got));
    if (out.size() > kInputMax) {
      return base::fail(base::Code::kInvalidArgument, "stdin has more than {} bytes", kInputMax);
    }
  }
}

// Requests a stop when the time is over; nothing where it ends before, or without a limit.
class TimeLimit {
 public:
  explicit TimeLimit(std::optional<std::chrono::milliseconds> limit) {
    if (!limit) return;
    thread_ = std::jthread([this, limit](const std::stop_token& end) {
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any over;
      over.wait_for(lock, end, *limit, [] { return false; });
      if (!end.stop_requested()) source_.request_stop();
    });
  }
  std::stop_token token() const { return source_.get_token(); }
  bool is_over() const { return source_.stop_requested(); }

 private:
  std::stop_source source_;
  std::jthread thread_;
};

Result<Json> ask_body(const Invocation& invocation) {
  Json body{{"question", invocation.argument}, {"stream", true}};
  for (const std::string_view option : {"--search", "--think", "--model", "--language"}) {
    if (const auto value = invocation.value(option)) body[std::string(option.substr(2))] = *value;
  }
  if (const auto sites = invocation.value("--site")) {
    Json list = Json::array();
    for (const std::string_view site : base::split(*sites, ',')) {
      const std::string_view trimmed = base::trim(site);
      if (trimmed.empty()) continue;
      const bool has_scheme = trimmed.find("://") != std::string_view::npos;
      list.push_back(has_scheme ? std::string(trimmed) : fmt::format("https://{}", trimmed));
    }
    body["sites"] = std::move(list);
  }
  return body;
}

// Prints the answer object, its text too unless that stands there; returns what the process says
// with it.
int finish(const Invocation& invocation, const Json& answer, bool has_text = false) {
  const Terminal& terminal = *invocation.terminal;
  const std::string state = text_at(answer, "state");
  const Json* error = base::find(answer, "error");
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(answer) + "\n");
  } else if (!text_at(answer, "text").empty()) {
    if (!has_text) terminal.out(text_at(answer, "text") + "\n");
    terminal.out(sources_text(terminal, answer, invocation.has("--sources")));
  }
  if (error != nullptr && error->is_object()) {
    return fail_with(terminal, error_at(*error));
  }
  if (state == "stopped") return kInterrupted;
  if (invocation.has("--require-sources") && list_at(answer, "citations").empty()) {
    terminal.error(terminal.pick({"the answer cites no source", "回答没有引用任何资料"}));
    return kNoSources;
  }
  return kOk;
}

int show(const Invocation& invocation, const Result<std::string>& body) {
  if (!body) return fail_with(*invocation.terminal, body.error());
  const Result<Json> answer = base::parse_json(*body);
  if (!answer) return fail_with(*invocation.terminal, answer.error());
  return finish(invocation, *answer);
}

}  // namespace

int run_ask(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  Result<Json> body = ask_body(invocation);
  if (!body) return fail_with(terminal, body.error());
  std::optional<std::chrono::milliseconds> limit;
  if (const auto text = invocation.value("--timeout")) {
    const auto time = base::parse_duration(*text);
    if (!time) return fail_with(terminal, time.error());
    limit = *time;
  }
  const Result<std::string> input = piped_input();
  if (!input) return fail_with(terminal, input.error());
  const auto client = ApiClient::connect(invocation);
  if (!client) return fail_with(terminal, client.error());
  if (!base::trim(*input).empty()) {
    const Result<std::string> kept = (*client)->call("POST", "/api/files?name=stdin", *input);
    if (!kept) return fail_with(terminal, kept.error());
    const Result<Json> file = base::parse_json(*kept);
    if (!file) return fail_with(terminal, file.error());
    (*body)["files"] = Json::array({text_at(*file, "id")});
  }
  const bool at_once = !invocation.has("--json") && !invocation.has("--no-stream");
  const TimeLimit time(limit);
  std::string run;
  std::string written;
  std::vector<Json> later;  // steps that would stand in the middle of the text
  std::optional<Json> answer;
  const Result<> ended = (*client)->stream(
      "/api/ask", base::to_text(*body),
      [&](const net::SseEvent& event) {
        Result<Json> data = base::parse_json(event.data);
        if (!data) return;
        if (event.event == "start") {
          run = text_at(*data, "run_id");
        } else if (event.event == "step") {
          if (written.empty()) {
            show_step(terminal, *data);
          } else {
            later.push_back(*std::move(data));
          }
        } else if (event.event == "text" && at_once) {
          written += text_at(*data, "text");
          terminal.out(text_at(*data, "text"));
        } else if (event.event == "done") {
          answer = *std::move(data);
        }
      },
      time.token());
  if (!written.empty()) terminal.out("\n");
  for (const Json& step : later) show_step(terminal, step);
  if (!answer && time.is_over()) {
    if (!run.empty())
      (void)(*client)->call("POST", "/api/runs/" + net::percent_encode(run) + "/stop");
    return fail_with(terminal,
                     {base::Code::kDeadlineExceeded,
                      fmt::format("no whole answer within {}", base::format_duration(*limit))});
  }
  if (!ended) return fail_with(terminal, ended.error());
  if (!answer) {
    return fail_with(terminal, {base::Code::kUnavailable, "the service broke off the answer"});
  }
  return finish(invocation, *answer, !written.empty());
}

int run_runs_ls(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const auto client = ApiClient::connect(invocation);
  if (!client) return fail_with(terminal, client.error());
  const std::string limit = invocation.value("--limit").value_or("20");
  const Result<std::string> body =
      (*client)->call("GET", "/api/runs?limit=" + net::percent_encode(limit));
  if (!body) return fail_with(terminal, body.error());
  const Result<Json> list = base::parse_json(*body);
  if (!list) return fail_with(terminal, list.error());
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(*list) + "\n");
    return kOk;
  }
  std::string out;
  for (const Json& run : list_at(*list, "data")) {
    fmt::format_to(std::back_inserter(out), "{}  {}  {:<9} {:<7} {:>6} ms  {}\n",
                   text_at(run, "run_id"), text_at(run, "created_at").substr(0, 19),
                   text_at(run, "state"), text_at(run, "by"), number_at(run, "total_ms"),
                   text_at(run, "question"));
  }
  terminal.out(out);
  return kOk;
}

int run_runs_show(const Invocation& invocation) {
  const auto client = ApiClient::connect(invocation);
  if (!client) return fail_with(*invocation.terminal, client.error());
  return show(invocation,
              (*client)->call("GET", "/api/runs/" + net::percent_encode(invocation.argument)));
}

int run_runs_replay(const Invocation& invocation) {
  const auto client = ApiClient::connect(invocation);
  if (!client) return fail_with(*invocation.terminal, client.error());
  return show(
      invocation,
      (*client)->call("POST", "/api/runs/" + net::percent_encode(invocation.argument) + "/replay"));
}

}  // namespace seine::server
