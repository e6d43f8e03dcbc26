#include "gateway/access/key_routes.h"

#include "base/json.h"
#include "gateway/access/guard.h"
#include "gateway/api_error.h"
#include "gateway/body.h"
#include "net/on_pool.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::Result;

// A hundred years: what is longer is a slip.
constexpr std::int64_t kExpirySecondsMax = std::int64_t{100} * 366 * 86400;

void send_secret(net::Response& response, int status, const base::Json& json) {
  response.send(status, {{"content-type", "application/json"}, {"cache-control", "no-store"}},
                base::to_text(json));
}

}  // namespace

Result<NewApiKey> parse_new_key(const base::Json& body) {
  NewApiKey wanted;
  wanted.name = SEINE_TRY(base::require<std::string>(body, "name"));
  wanted.requests_per_minute =
      SEINE_TRY(base::get_or<std::uint32_t>(body, "requests_per_minute", 0));
  wanted.tokens_per_minute = SEINE_TRY(base::get_or<std::uint32_t>(body, "tokens_per_minute", 0));
  if (const auto seconds = SEINE_TRY(base::get<std::int64_t>(body, "expires_in_s"))) {
    if (*seconds <= 0 || *seconds > kExpirySecondsMax) {
      return base::fail_field(Code::kInvalidArgument, "expires_in_s",
                              "expires_in_s is 1 to {}, not {}", kExpirySecondsMax, *seconds);
    }
    wanted.expires_in = std::chrono::seconds(*seconds);
  }
  if (const base::Json* scopes = base::find(body, "scopes")) {
    if (!scopes->is_array()) {
      return base::fail_field(Code::kInvalidArgument, "scopes", "'scopes' must be an array, got {}",
                              base::type_name(*scopes));
    }
    wanted.scopes = 0;
    for (const base::Json& name : *scopes) {
      const std::optional<Scope> scope =
          name.is_string() ? parse_scope(name.get_ref<const std::string&>()) : std::nullopt;
      if (!scope) {
        return base::fail_field(Code::kInvalidArgument, "scopes",
                                "{} is no scope; there are chat, models, embeddings, admin",
                                base::to_text(name));
      }
      wanted.scopes |= static_cast<Scopes>(*scope);
    }
  }
  return wanted;
}

asio::awaitable<void> KeyRoutes::list(net::Request& request, net::Response& response) {
  ApiKeys& keys = keys_;
  const auto found =
      co_await net::on_pool<std::vector<ApiKey>>(pool_, [&keys] { return keys.list(); });
  if (!found) {
    send_api_error(request, response, found.error());
    co_return;
  }
  base::Json data = base::Json::array();
  for (const ApiKey& key : *found) data.push_back(to_json(key));
  send_secret(response, 200, {{"data", std::move(data)}, {"next_cursor", nullptr}});
}

asio::awaitable<void> KeyRoutes::create(net::Request& request, net::Response& response) {
  const Result<base::Json> body = co_await read_json_object(request);
  const Result<NewApiKey> wanted =
      body ? parse_new_key(*body) : Result<NewApiKey>(std::unexpected(body.error()));
  if (!wanted) {
    send_api_error(request, response, wanted.error());
    co_return;
  }
  ApiKeys& keys = keys_;
  const auto made = co_await net::on_pool<ApiKeys::Created>(
      pool_, [&keys, wanted = *wanted] { return keys.create(wanted); });
  if (!made) {
    send_api_error(request, response, made.error());
    co_return;
  }
  base::Json json = to_json(made->key);
  json["key"] = made->secret;
  send_secret(response, 201, json);
}

asio::awaitable<void> KeyRoutes::revoke(net::Request& request, net::Response& response) {
  ApiKeys& keys = keys_;
  const Result<> done = co_await net::on_pool<void>(
      pool_, [&keys, id = std::string(request.param("id"))] { return keys.revoke(id); });
  if (!done) {
    send_api_error(request, response, done.error());
    co_return;
  }
  response.send(204, net::Headers{}, "");
}

void KeyRoutes::install(net::Router& router) {
  router.add(
      "GET", "/api/keys",
      [this](net::Request& request, net::Response& response) { return list(request, response); },
      {.operation_id = "listKeys",
       .summary = "API keys, without their secrets",
       .tag = "keys",
       .scope = std::string(kAdminScope),
       .response_schema = "KeyList"});
  router.add(
      "POST", "/api/keys",
      [this](net::Request& request, net::Response& response) { return create(request, response); },
      {.operation_id = "createKey",
       .summary = "A new API key; the secret is shown once",
       .tag = "keys",
       .scope = std::string(kAdminScope),
       .request_schema = "NewKey",
       .response_schema = "CreatedKey"});
  router.add(
      "DELETE", "/api/keys/{id}",
      [this](net::Request& request, net::Response& response) { return revoke(request, response); },
      {.operation_id = "revokeKey",
       .summary = "Revoke an API key",
       .tag = "keys",
       .scope = std::string(kAdminScope)});
}

}  // namespace seine::gateway
