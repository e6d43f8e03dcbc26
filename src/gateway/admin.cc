#include "gateway/admin.h"

#include <boost/asio/awaitable.hpp>

#include "base/json.h"
#include "base/text.h"
#include "gateway/access/guard.h"
#include "gateway/api_error.h"
#include "net/on_pool.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kSessionBodyMax = 4096;

// A coroutine that has nothing to wait for. The answer lives in the route, which outlives every
// request.
asio::awaitable<void> say(const std::function<void(net::Response&)>& answer,
                          net::Response& response) {
  answer(response);
  co_return;
}

}  // namespace

asio::awaitable<void> Admin::open_session(net::Request& request, net::Response& response) {
  // A form of another site cannot send this type without asking first (CORS), so it cannot log a
  // browser in.
  const auto type = request.headers().get("content-type").value_or("");
  if (!base::ascii_iequals(base::trim(type.substr(0, type.find(';'))), "application/json")) {
    send_api_error(
        request, response,
        {base::Code::kInvalidArgument, "the body must be application/json", "content-type"});
    co_return;
  }
  base::Result<std::string> body = co_await request.read_all(kSessionBodyMax);
  if (!body) {
    send_api_error(request, response, body.error());
    co_return;
  }
  const base::Result<base::Json> json = base::parse_json(*body);
  const base::Result<std::string> token =
      json ? base::require<std::string>(*json, "token") : std::unexpected(json.error());
  if (!token) {
    send_api_error(request, response, token.error());
    co_return;
  }
  Sessions& sessions = ports_.sessions;
  const base::Result<std::string> secret = co_await net::on_pool<std::string>(
      ports_.pool, [&sessions, link = *token] { return sessions.redeem(link); });
  if (!secret) {
    send_api_error(request, response, secret.error());
    co_return;
  }
  const std::string cookie =
      fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", Sessions::kCookieName,
                  *secret, std::chrono::seconds(Sessions::kSessionLife).count(),
                  settings_.secure_cookie ? "; Secure" : "");
  response.send(204, {{"set-cookie", cookie}, {"cache-control", "no-store"}}, "");
}

asio::awaitable<void> Admin::metrics(net::Request& request, net::Response& response) {
  std::string text = ports_.metrics.to_prometheus();
  if (ports_.vllm_metrics != nullptr && request.query().get("names") == "vllm") {
    text += ports_.vllm_metrics->to_prometheus();
  }
  response.send(200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}},
                std::move(text));
  co_return;
}

asio::awaitable<void> Admin::status(net::Request& request, net::Response& response) {
  Ports& ports = ports_;
  const base::Result<std::string> text =
      co_await net::on_pool<std::string>(ports.pool, [&ports]() -> base::Result<std::string> {
        return base::to_text(to_json(ports.facts(), ports.checks(), ports.metrics.snapshot()));
      });
  if (!text) {
    send_api_error(request, response, text.error());
    co_return;
  }
  response.send(200, {{"content-type", "application/json"}, {"cache-control", "no-store"}}, *text);
}

void Admin::install(net::Router& router) {
  const auto text_route = [&router](std::string path, net::RouteInfo info,
                                    std::function<void(net::Response&)> answer) {
    router.add(
        "GET", std::move(path),
        [answer = std::move(answer)](net::Request&, net::Response& response) {
          return say(answer, response);
        },
        std::move(info));
  };
  text_route("/healthz",
             {.operation_id = "getHealth",
              .summary = "The process is alive",
              .tag = "admin",
              .scope = std::string(kPublicScope)},
             [](net::Response& response) { response.send_text(200, "ok\n"); });
  text_route("/readyz",
             {.operation_id = "getReadiness",
              .summary = "Requests can be served",
              .tag = "admin",
              .scope = std::string(kPublicScope)},
             [this](net::Response& response) {
               const bool ready = ports_.ready();
               response.send_text(ready ? 200 : 503, ready ? "ready\n" : "not ready\n");
             });
  router.add(
      "GET", "/metrics",
      [this](net::Request& request, net::Response& response) { return metrics(request, response); },
      {.operation_id = "getMetrics",
       .summary = "Metrics in Prometheus text format; names=vllm adds vLLM's names",
       .tag = "admin",
       .scope = std::string(settings_.metrics_public ? kPublicScope : kConsoleScope)});
  router.add("POST", "/api/session",
             [this](net::Request& request, net::Response& response) {
               return open_session(request, response);
             },
             {.operation_id = "openSession",
              .summary = "Trade a one-time token for a session cookie",
              .tag = "admin",
              .scope = std::string(kPublicScope)});
  router.add(
      "GET", "/api/status",
      [this](net::Request& request, net::Response& response) { return status(request, response); },
      {.operation_id = "getStatus",
       .summary = "What this node says about itself",
       .tag = "admin",
       .scope = std::string(kConsoleScope)});
}

}  // namespace seine::gateway
