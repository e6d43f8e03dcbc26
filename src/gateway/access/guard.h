// The guard: who may do what. Runs before every handler. A route's scope is "public", "any" (any
// credential), "console" (a session, this machine, or a key with admin), or the name of a key's
// scope. Credentials are an API key (Authorization: Bearer, x-api-key), a session cookie, or a
// loopback address where the settings say so. Keys have their rate limits applied here. Owned by
// the composition root; lives as long as the router it guards.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/access/api_keys.h"
#include "gateway/access/caller.h"
#include "gateway/access/rate_limits.h"
#include "gateway/sessions.h"
#include "net/headers.h"
#include "net/router.h"
#include "store/worker_pool.h"

namespace seine::gateway {

inline constexpr std::string_view kPublicScope = "public";
inline constexpr std::string_view kAnyScope = "any";
inline constexpr std::string_view kConsoleScope = "console";
inline constexpr std::string_view kChatScope = "chat";
inline constexpr std::string_view kModelsScope = "models";
inline constexpr std::string_view kEmbeddingsScope = "embeddings";
inline constexpr std::string_view kAdminScope = "admin";

class Guard {
 public:
  struct Settings {
    // Requests from a loopback address need no credential. Their Host must be a loopback name, too:
    // a page on another site can make a browser send requests here under that site's name (DNS
    // rebinding).
    bool open_on_loopback = false;
  };
  struct Ports {
    Sessions& sessions;
    ApiKeys& keys;
    RateLimits& limits;
    store::WorkerPool& pool;
  };

  Guard(Settings settings, Ports ports) : settings_(settings), ports_(ports) {}

  void install(net::Router& router);

 private:
  boost::asio::awaitable<bool> check(net::Request& request, net::Response& response,
                                     const net::Route& route);
  boost::asio::awaitable<base::Result<Caller>> identify(net::Request& request);
  boost::asio::awaitable<base::Result<Caller>> by_key(std::string secret);
  boost::asio::awaitable<base::Result<bool>> has_session(net::Request& request);
  // False when the request was refused and answered.
  bool apply_limit(net::Request& request, net::Response& response, const Caller& caller);

  const Settings settings_;
  Ports ports_;
};

// The key in "Authorization: Bearer …" or x-api-key; nothing if there is none.
std::optional<std::string_view> api_key_field(const net::Headers& headers);
// Whether a Host field names this machine to itself: localhost, *.localhost, 127/8, ::1.
bool is_loopback_host(std::string_view host_field);
// Whether "ADDRESS:PORT" is a loopback address or a Unix socket.
bool is_loopback_peer(std::string_view peer);
// Whether a browser says that the request comes from a page of this very origin, or it is no
// browser's: no Origin and no Sec-Fetch-Site, or ones that fit.
bool is_same_origin(const net::Headers& headers, std::string_view authority);

}  // namespace seine::gateway
