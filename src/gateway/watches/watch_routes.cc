#include "gateway/watches/watch_routes.h"

#include "base/json.h"
#include "gateway/access/guard.h"
#include "gateway/api_error.h"
#include "gateway/body.h"
#include "net/request.h"
#include "net/response.h"
#include "web/watch/watch_json.h"
#include "web/watch/watcher.h"
#include "web/watch/webhook.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::Json;
using base::Result;

void send(const net::Request& request, net::Response& response, int status,
          const Result<Json>& body) {
  if (!body) {
    // Why a page could not be read stands in the field; the code says how that is answered.
    send_api_error(request, response, body.error());
    return;
  }
  response.send(status, {{"content-type", "application/json"}, {"cache-control", "no-store"}},
                base::to_text(*body));
}

void send(const net::Request& request, net::Response& response, int status, const Result<>& done) {
  if (!done) {
    send_api_error(request, response, done.error());
    return;
  }
  response.send(status, net::Headers{{"cache-control", "no-store"}}, "");
}

template <typename T>
Result<Json> listed(const Result<std::vector<T>>& all) {
  if (!all) return std::unexpected(all.error());
  Json data = Json::array();
  for (const T& one : *all) data.push_back(web::to_json(one));
  return Json{{"data", std::move(data)}, {"next_cursor", nullptr}};
}

Result<std::optional<web::DeliveryState>> state_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  for (const auto state :
       {web::DeliveryState::kPending, web::DeliveryState::kSent, web::DeliveryState::kDead}) {
    if (web::delivery_state_name(state) == text) return state;
  }
  return base::fail_field(Code::kInvalidArgument, "state",
                          "'state' is '{}' but must be pending, sent or dead", text);
}

}  // namespace

asio::awaitable<void> WatchRoutes::list(net::Request& request, net::Response& response) {
  send(request, response, 200, listed(co_await watcher_.list()));
}

asio::awaitable<void> WatchRoutes::create(net::Request& request, net::Response& response) {
  const Result<Json> body = co_await read_json_object(request);
  auto spec = body ? web::watch_spec_from_json(*body)
                   : Result<web::WatchSpec>(std::unexpected(body.error()));
  if (!spec) {
    send(request, response, 400, Result<Json>(std::unexpected(spec.error())));
    co_return;
  }
  const Result<web::Watch> made = co_await watcher_.add(*std::move(spec));
  if (!made) {
    send(request, response, 400, Result<Json>(std::unexpected(made.error())));
    co_return;
  }
  Json json = web::to_json(*made);
  json["secret"] = made->secret;
  json["hook_secret"] = made->hook_secret;
  send(request, response, 201, Result<Json>(std::move(json)));
}

asio::awaitable<void> WatchRoutes::show(net::Request& request, net::Response& response) {
  const auto history = co_await watcher_.show(std::string(request.param("id")));
  Result<Json> body = Json::object();
  if (history) {
    *body = web::to_json(history->watch);
    (*body)["versions"] = Json::array();
    for (const web::WatchVersion& version : history->versions)
      (*body)["versions"].push_back(web::to_json(version));
  } else {
    body = std::unexpected(history.error());
  }
  send(request, response, 200, body);
}

asio::awaitable<void> WatchRoutes::change(net::Request& request, net::Response& response) {
  const Result<Json> body = co_await read_json_object(request);
  const auto paused =
      body ? base::require<bool>(*body, "paused") : Result<bool>(std::unexpected(body.error()));
  if (!paused) {
    send(request, response, 400, Result<Json>(std::unexpected(paused.error())));
    co_return;
  }
  const auto watch = co_await watcher_.pause(std::string(request.param("id")), *paused);
  send(request, response, 200,
       watch ? Result<Json>(web::to_json(*watch)) : Result<Json>(std::unexpected(watch.error())));
}

asio::awaitable<void> WatchRoutes::remove(net::Request& request, net::Response& response) {
  send(request, response, 204, co_await watcher_.remove(std::string(request.param("id"))));
}

asio::awaitable<void> WatchRoutes::check(net::Request& request, net::Response& response) {
  const auto outcome = co_await watcher_.check(std::string(request.param("id")));
  send(request, response, 200,
       outcome ? Result<Json>(web::to_json(*outcome))
               : Result<Json>(std::unexpected(outcome.error())));
}

asio::awaitable<void> WatchRoutes::deliveries(net::Request& request, net::Response& response) {
  const auto state = state_of(request.query().get("state").value_or(""));
  if (!state) {
    send(request, response, 400, Result<Json>(std::unexpected(state.error())));
    co_return;
  }
  send(request, response, 200, listed(co_await watcher_.deliveries(*state)));
}

asio::awaitable<void> WatchRoutes::resend(net::Request& request, net::Response& response) {
  send(request, response, 202, co_await watcher_.resend(std::string(request.param("id"))));
}

asio::awaitable<void> WatchRoutes::hook(net::Request& request, net::Response& response) {
  auto body = co_await request.read_all(web::kWebhookBodyMax);
  if (!body) {
    send(request, response, 413, Result<Json>(std::unexpected(body.error())));
    co_return;
  }
  send(request, response, 202,
       co_await watcher_.hook(std::string(request.param("id")), request.headers(),
                              *std::move(body)));
}

void WatchRoutes::install(net::Router& router) {
  using Handler = asio::awaitable<void> (WatchRoutes::*)(net::Request&, net::Response&);
  struct Entry {
    std::string_view method;
    std::string_view pattern;
    Handler handler;
    net::RouteInfo info;
  };
  Entry entries[] = {
      {"GET",
       "/api/watches",
       &WatchRoutes::list,
       {.operation_id = "listWatches",
        .summary = "Watched pages, oldest first",
        .response_schema = "WatchList"}},
      {"POST",
       "/api/watches",
       &WatchRoutes::create,
       {.operation_id = "createWatch",
        .summary = "Watch a page; the secrets are shown once",
        .request_schema = "NewWatch",
        .response_schema = "CreatedWatch"}},
      {"GET",
       "/api/watches/{id}",
       &WatchRoutes::show,
       {.operation_id = "getWatch",
        .summary = "A watch with its changes, newest first",
        .response_schema = "WatchHistory"}},
      {"PATCH",
       "/api/watches/{id}",
       &WatchRoutes::change,
       {.operation_id = "pauseWatch",
        .summary = "Pause a watch or let it go on",
        .request_schema = "WatchPatch",
        .response_schema = "Watch"}},
      {"DELETE",
       "/api/watches/{id}",
       &WatchRoutes::remove,
       {.operation_id = "deleteWatch", .summary = "Forget a watch with its history and webhooks"}},
      {"POST",
       "/api/watches/{id}/check",
       &WatchRoutes::check,
       {.operation_id = "checkWatch",
        .summary = "Read the page now",
        .response_schema = "WatchCheck"}},
      {"GET",
       "/api/webhooks",
       &WatchRoutes::deliveries,
       {.operation_id = "listWebhooks",
        .summary = "Webhooks of watches, newest first; state=dead: those given up",
        .response_schema = "WebhookList"}},
      {"POST",
       "/api/webhooks/{id}/resend",
       &WatchRoutes::resend,
       {.operation_id = "resendWebhook", .summary = "Send a webhook again, under its old id"}},
      {"POST",
       "/hooks/{id}",
       &WatchRoutes::hook,
       {.operation_id = "receiveWebhook",
        .summary = "A signed webhook from a watched site: the page is read at once",
        .scope = std::string(kPublicScope)}},
  };
  for (Entry& entry : entries) {
    entry.info.tag = "watches";
    if (entry.info.scope.empty()) entry.info.scope = std::string(kConsoleScope);
    router.add(
        std::string(entry.method), std::string(entry.pattern),
        [this, handler = entry.handler](net::Request& request, net::Response& response) {
          return (this->*handler)(request, response);
        },
        std::move(entry.info));
  }
}

}  // namespace seine::gateway
