// Commands on answers: ask, runs ls, runs show, runs replay.
#include <fmt/format.h>
#include <unistd.h>

#include <iterator>

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

// Prints the answer object; returns what the process says with it.
int finish(const Invocation& invocation, const Json& answer) {
  const Terminal& terminal = *invocation.terminal;
  const std::string state = text_at(answer, "state");
  const Json* error = base::find(answer, "error");
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(answer) + "\n");
  } else if (!text_at(answer, "text").empty()) {
    terminal.out(text_at(answer, "text") + "\n" +
                 sources_text(terminal, answer, invocation.has("--sources")));
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
