#include "gateway/admin.h"

#include <boost/asio/awaitable.hpp>

#include "base/json.h"
#include "base/text.h"
#include "gateway/console.h"
#include "gateway/pool_call.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kSessionBodyMax = 4096;

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// Four decimal bytes, the first of them 127.
bool is_loopback_v4(std::string_view host) {
  const std::vector<std::string_view> parts = base::split(host, '.');
  if (parts.size() != 4 || parts[0] != "127") return false;
  for (const std::string_view part : parts) {
    const auto value = base::parse_u64(part);
    if (!value || *value > 255) return false;
  }
  return true;
}

}  // namespace

bool is_loopback_host(std::string_view host_field) {
  const std::string host = base::ascii_lower(without_port(host_field));
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         is_loopback_v4(host);
}

bool is_loopback_peer(std::string_view peer) {
  if (peer == "unix") return true;
  std::string_view address = without_port(peer);
  if (address.starts_with("[::ffff:")) address = address.substr(8, address.size() - 9);
  return address == "[::1]" || is_loopback_v4(address);
}

asio::awaitable<bool> Admin::guard(net::Request& request, net::Response& response,
                                   const net::Route& route) {
  if (route.info.scope == kPublicScope) co_return true;
  if (settings_.open_on_loopback && is_loopback_peer(request.peer())) {
    if (is_loopback_host(request.authority())) co_return true;
    response.send_error(
        {base::Code::kPermissionDenied,
         "without a session, requests must be addressed to localhost or 127.0.0.1"});
    co_return false;
  }
  for (const std::string_view field : request.headers().get_all("cookie")) {
    const std::string secret(cookie_value(field, Sessions::kCookieName));
    if (secret.empty()) continue;
    if (ports_.sessions.recently_verified(secret)) co_return true;
    Sessions& sessions = ports_.sessions;
    const base::Result<bool> live = co_await pool_call<bool>(
        ports_.pool, [&sessions, secret] { return sessions.verify(secret); });
    if (!live) {
      response.send_error(live.error());
      co_return false;
    }
    if (*live) co_return true;
  }
  response.send_error({base::Code::kUnauthenticated,
                       "no session; open the link that `seine up` or `seine link` prints"});
  co_return false;
}

asio::awaitable<void> Admin::open_session(net::Request& request, net::Response& response) {
  // A form of another site cannot send this type without asking first (CORS), so it cannot log a
  // browser in.
  const auto type = request.headers().get("content-type").value_or("");
  if (!base::ascii_iequals(base::trim(type.substr(0, type.find(';'))), "application/json")) {
    response.send_error(
        {base::Code::kInvalidArgument, "the body must be application/json", "content-type"});
    co_return;
  }
  base::Result<std::string> body = co_await request.read_all(kSessionBodyMax);
  if (!body) {
    response.send_error(body.error());
    co_return;
  }
  const base::Result<base::Json> json = base::parse_json(*body);
  const base::Result<std::string> token =
      json ? base::require<std::string>(*json, "token") : std::unexpected(json.error());
  if (!token) {
    response.send_error(token.error());
    co_return;
  }
  Sessions& sessions = ports_.sessions;
  const base::Result<std::string> secret = co_await pool_call<std::string>(
      ports_.pool, [&sessions, link = *token] { return sessions.redeem(link); });
  if (!secret) {
    response.send_error(secret.error());
    co_return;
  }
  const std::string cookie =
      fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", Sessions::kCookieName,
                  *secret, std::chrono::seconds(Sessions::kSessionLife).count(),
                  settings_.secure_cookie ? "; Secure" : "");
  response.send(204, {{"set-cookie", cookie}, {"cache-control", "no-store"}}, "");
}

asio::awaitable<void> Admin::status(net::Request&, net::Response& response) {
  Ports& ports = ports_;
  const base::Result<std::string> text =
      co_await pool_call<std::string>(ports.pool, [&ports]() -> base::Result<std::string> {
        return base::to_text(to_json(ports.facts(), ports.checks(), ports.metrics.snapshot()));
      });
  if (!text) {
    response.send_error(text.error());
    co_return;
  }
  response.send(200, {{"content-type", "application/json"}, {"cache-control", "no-store"}}, *text);
}

void Admin::install(net::Router& router) {
  router.set_guard([this](net::Request& request, net::Response& response, const net::Route& route) {
    return guard(request, response, route);
  });
  const auto text_route = [&router](std::string path, net::RouteInfo info,
                                    std::function<void(net::Response&)> answer) {
    router.add(
        "GET", std::move(path),
        [answer = std::move(answer)](net::Request&,
                                     net::Response& response) -> asio::awaitable<void> {
          answer(response);
          co_return;
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
  text_route("/metrics",
             {.operation_id = "getMetrics",
              .summary = "Metrics in Prometheus text format",
              .tag = "admin",
              .scope = std::string(settings_.metrics_public ? kPublicScope : kConsoleScope)},
             [this](net::Response& response) {
               response.send(200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}},
                             ports_.metrics.to_prometheus());
             });
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
