#include "gateway/access/guard.h"

#include <fmt/format.h>

#include <any>
#include <chrono>

#include "base/text.h"
#include "gateway/api_error.h"
#include "net/on_pool.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::fail;
using base::Result;

// No key of ours is longer; what is longer need not be hashed.
constexpr std::size_t kSecretBytesMax = 256;

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

bool may(const Caller& caller, std::string_view scope) {
  if (scope == kAnyScope) return true;
  if (scope == kConsoleScope) return allows(caller.scopes, Scope::kAdmin);
  const std::optional<Scope> wanted = parse_scope(scope);
  return wanted && allows(caller.scopes, *wanted);
}

Caller trusted(Caller::Kind kind) {
  return {.kind = kind, .scopes = kAllScopes};
}

Caller caller_for(const ApiKey& key) {
  return {.kind = Caller::Kind::kKey,
          .key_id = key.id,
          .scopes = key.scopes,
          .limit = {key.requests_per_minute, key.tokens_per_minute}};
}

void add_limit_fields(net::Response& response, Dialect dialect, RateLimit limit,
                      const RateState& state, base::WallTime now) {
  const auto add = [&](std::string_view what, std::uint32_t most, std::int64_t left,
                       base::Duration reset) {
    if (most == 0) return;
    if (dialect == Dialect::kAnthropic) {
      const std::string name = fmt::format("anthropic-ratelimit-{}-", what);
      response.add_header(name + "limit", std::to_string(most));
      response.add_header(name + "remaining", std::to_string(left));
      response.add_header(
          name + "reset",
          base::format_rfc3339(now + std::chrono::ceil<std::chrono::seconds>(reset)));
    } else {
      response.add_header(fmt::format("x-ratelimit-limit-{}", what), std::to_string(most));
      response.add_header(fmt::format("x-ratelimit-remaining-{}", what), std::to_string(left));
      response.add_header(fmt::format("x-ratelimit-reset-{}", what), format_reset(reset));
    }
  };
  add("requests", limit.requests_per_minute, state.requests_left, state.requests_reset);
  add("tokens", limit.tokens_per_minute, state.tokens_left, state.tokens_reset);
}

}  // namespace

Caller caller_of(net::Request& request) {
  const Caller* caller = std::any_cast<Caller>(&request.attachment());
  return caller != nullptr ? *caller : Caller{};
}

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

bool is_same_origin(const net::Headers& headers, std::string_view authority) {
  if (const auto site = headers.get("sec-fetch-site")) {
    if (*site != "same-origin" && *site != "none") return false;
  }
  const auto origin = headers.get("origin");
  if (!origin) return true;
  const std::size_t slashes = origin->find("://");
  return slashes != std::string_view::npos &&
         base::ascii_iequals(origin->substr(slashes + 3), authority);
}

std::optional<std::string_view> api_key_field(const net::Headers& headers) {
  if (const auto field = headers.get("x-api-key")) return base::trim(*field);
  const auto field = headers.get("authorization");
  if (!field) return std::nullopt;
  const std::size_t space = field->find(' ');
  if (!base::ascii_iequals(field->substr(0, space), "bearer")) return std::nullopt;
  return space == std::string_view::npos ? std::string_view() : base::trim(field->substr(space));
}

asio::awaitable<Result<Caller>> Guard::by_key(std::string secret) {
  if (const auto known = ports_.keys.recently_verified(secret)) co_return caller_for(*known);
  ApiKeys& keys = ports_.keys;
  const Result<ApiKey> key = co_await net::on_pool<ApiKey>(
      ports_.pool, [&keys, secret = std::move(secret)] { return keys.verify(secret); });
  if (!key) co_return std::unexpected(key.error());
  co_return caller_for(*key);
}

asio::awaitable<Result<bool>> Guard::has_session(net::Request& request) {
  for (const std::string_view field : request.headers().get_all("cookie")) {
    const std::string secret(cookie_value(field, Sessions::kCookieName));
    if (secret.empty()) continue;
    if (ports_.sessions.recently_verified(secret)) co_return true;
    Sessions& sessions = ports_.sessions;
    const Result<bool> live = co_await net::on_pool<bool>(
        ports_.pool, [&sessions, secret] { return sessions.verify(secret); });
    if (!live || *live) co_return live;
  }
  co_return false;
}

asio::awaitable<Result<Caller>> Guard::identify(net::Request& request) {
  const bool local = settings_.open_on_loopback && is_loopback_peer(request.peer());
  const auto secret = api_key_field(request.headers());
  if (secret && secret->starts_with(ApiKeys::kPrefix) && secret->size() <= kSecretBytesMax) {
    co_return co_await by_key(std::string(*secret));
  }
  // Everything below is what a browser sends by itself, so another site's page must not use it.
  if (!is_same_origin(request.headers(), request.authority())) {
    co_return fail(Code::kPermissionDenied,
                   "a page of another origin may not call this service without an API key");
  }
  if (local) {
    // Client libraries insist on sending some key; here it need not be one of ours.
    if (is_loopback_host(request.authority())) co_return trusted(Caller::Kind::kLoopback);
    co_return fail(Code::kPermissionDenied,
                   "without a session, requests must be addressed to localhost or 127.0.0.1");
  }
  const bool session = SEINE_CO_TRY(co_await has_session(request));
  if (session) co_return trusted(Caller::Kind::kSession);
  if (secret) co_return fail(Code::kUnauthenticated, "this API key is unknown");
  co_return fail(Code::kUnauthenticated,
                 "no session and no API key; open the link that `seine up` or `seine link` prints, "
                 "or send a key of `seine key create` as `Authorization: Bearer …`");
}

bool Guard::apply_limit(net::Request& request, net::Response& response, const Caller& caller) {
  if (caller.limit.requests_per_minute == 0 && caller.limit.tokens_per_minute == 0) return true;
  const RateState state = ports_.limits.admit(caller.key_id, caller.limit);
  const Dialect dialect = dialect_of(request.path());
  add_limit_fields(response, dialect, caller.limit, state, ports_.keys.clock().wall());
  if (state.admitted) return true;
  const bool requests = std::string_view(state.refused_by) == "requests";
  const base::Error error{
      Code::kResourceExhausted,
      fmt::format("this key's limit of {} {} a minute is used up; try again in {}",
                  base::format_count(requests ? caller.limit.requests_per_minute
                                              : caller.limit.tokens_per_minute),
                  state.refused_by, format_reset(state.retry_after))};
  send_api_error(request, response, error, state.retry_after);
  return false;
}

asio::awaitable<bool> Guard::check(net::Request& request, net::Response& response,
                                   const net::Route& route) {
  if (route.info.scope == kPublicScope) co_return true;
  const Result<Caller> caller = co_await identify(request);
  if (!caller) {
    send_api_error(request, response, caller.error());
    co_return false;
  }
  if (!may(*caller, route.info.scope)) {
    send_api_error(
        request, response,
        {Code::kPermissionDenied,
         fmt::format("this API key lacks the scope '{}'",
                     route.info.scope == kConsoleScope ? kAdminScope : route.info.scope)});
    co_return false;
  }
  if (!apply_limit(request, response, *caller)) co_return false;
  request.attachment() = *caller;
  co_return true;
}

void Guard::install(net::Router& router) {
  router.set_guard([this](net::Request& request, net::Response& response, const net::Route& route) {
    return check(request, response, route);
  });
}

}  // namespace seine::gateway
