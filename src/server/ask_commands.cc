// Commands on answers: ask, runs ls, runs show, runs replay.
#include <fmt/format.h>
#include <unistd.h>

#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "net/url.h"
#include "server/api_client.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/invocation.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Json;
using base::Result;

std::string text_at(const Json& json, std::string_view key) {
  return base::get_or<std::string>(json, key, "").value_or("");
}
std::int64_t number_at(const Json& json, std::string_view key) {
  return base::get_or<std::int64_t>(json, key, 0).value_or(0);
}
const Json& list_at(const Json& json, std::string_view key) {
  static const Json kNone = Json::array();
  const Json* found = base::find(json, key);
  return found != nullptr && found->is_array() ? *found : kNone;
}

Result<std::string> ask_body(const Invocation& invocation) {
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
  return base::to_text(body);
}

// Steps as they happen, on stderr.
void show_step(const Terminal& terminal, const Json& step) {
  const std::string state = text_at(step, "state");
  if (state == "started") return;
  const bool failed = state == "failed";
  std::string line = fmt::format(
      "{} {}", terminal.styled_err(failed ? Style::kYellow : Style::kDim, failed ? "!" : "·"),
      text_at(step, "title"));
  if (failed) line += fmt::format(": {}", text_at(step, "reason"));
  terminal.note(fmt::format("{} ({} ms)", line, number_at(step, "elapsed_ms")));
}

Bilingual spoken_by(std::string_view by) {
  if (by == "extract") {
    return {"no model spoke: this is a sentence of the source", "未由模型作答：以上为资料原句"};
  }
  return {"", ""};
}

const Json* source_of(const Json& answer, std::int64_t id) {
  for (const Json& source : list_at(answer, "sources")) {
    if (number_at(source, "id") == id) return &source;
  }
  return nullptr;
}

// The answer and where it is from, for a person.
std::string answer_text(const Terminal& terminal, const Json& answer, bool with_quotes) {
  std::string out = text_at(answer, "text") + "\n";
  auto to = std::back_inserter(out);
  std::int64_t shown = 0;
  for (const Json& citation : list_at(answer, "citations")) {
    const Json* source = source_of(answer, number_at(citation, "source_id"));
    if (source == nullptr) continue;
    const std::int64_t marker = number_at(citation, "marker");
    if (marker > shown) {
      if (shown == 0) out += "\n";
      shown = marker;
      fmt::format_to(to, "[{}] {}\n    {}\n", marker,
                     terminal.styled_out(Style::kBold, text_at(*source, "title")),
                     text_at(*source, "url"));
    }
    const std::string support = text_at(citation, "support");
    if (with_quotes) fmt::format_to(to, "    “{}”\n", text_at(citation, "quote"));
    if (support == "unsupported") {
      fmt::format_to(
          to, "    {}\n",
          terminal.styled_out(Style::kYellow,
                              terminal.pick({"the page does not say this", "该页面并未这样说"})));
    }
  }
  if (with_quotes) {
    for (const Json& source : list_at(answer, "sources")) {
      if (text_at(source, "state") != "failed") continue;
      fmt::format_to(to, "{} {}: {}\n", terminal.pick({"not read", "未读取"}),
                     text_at(source, "url"), text_at(source, "reason"));
    }
  }
  const std::string_view note = terminal.pick(spoken_by(text_at(answer, "by")));
  if (!note.empty()) fmt::format_to(to, "\n{}\n", terminal.styled_out(Style::kDim, note));
  return out;
}

base::Code code_named(std::string_view name) {
  for (int code = 1; code <= 16; ++code) {
    if (base::code_name(static_cast<base::Code>(code)) == name)
      return static_cast<base::Code>(code);
  }
  return base::Code::kUnknown;
}

// Prints the answer object; returns what the process says with it.
int finish(const Invocation& invocation, const Json& answer) {
  const Terminal& terminal = *invocation.terminal;
  const std::string state = text_at(answer, "state");
  const Json* error = base::find(answer, "error");
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(answer) + "\n");
  } else if (!text_at(answer, "text").empty()) {
    terminal.out(answer_text(terminal, answer, invocation.has("--sources")));
  }
  if (error != nullptr && error->is_object()) {
    return fail_with(terminal, {code_named(text_at(*error, "type")), text_at(*error, "message")});
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
  const Result<std::string> body = ask_body(invocation);
  if (!body) return fail_with(terminal, body.error());
  const auto client = ApiClient::connect(invocation);
  if (!client) return fail_with(terminal, client.error());
  std::optional<Json> answer;
  const Result<> ended = (*client)->stream("/api/ask", *body, [&](const net::SseEvent& event) {
    Result<Json> data = base::parse_json(event.data);
    if (!data) return;
    if (event.event == "step") show_step(terminal, *data);
    if (event.event == "done") answer = *std::move(data);
  });
  if (!ended) return fail_with(terminal, ended.error());
  if (!answer) {
    return fail_with(terminal, {base::Code::kUnavailable, "the service broke off the answer"});
  }
  return finish(invocation, *answer);
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
