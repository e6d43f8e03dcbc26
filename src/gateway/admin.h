// The administrative routes of one node: /healthz, /readyz, /metrics, /api/status, /api/session,
// and the guard that asks for a session where a route's scope does. Owned by the composition root;
// lives as long as the router it fills.
#pragma once

#include <functional>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "gateway/sessions.h"
#include "gateway/status.h"
#include "net/router.h"
#include "store/worker_pool.h"

namespace seine::gateway {

// What a route's scope may say. "public" needs nothing; "console" needs a session.
inline constexpr std::string_view kPublicScope = "public";
inline constexpr std::string_view kConsoleScope = "console";

struct AdminSettings {
  // Requests from a loopback address need no session. Their Host must be a loopback name, too: a
  // page on another site can make a browser send requests here under that site's name (DNS
  // rebinding).
  bool open_on_loopback = false;
  bool metrics_public = true;
  bool secure_cookie = false;  // over TLS
};

class Admin {
 public:
  struct Ports {
    Sessions& sessions;
    store::WorkerPool& pool;
    const base::Metrics& metrics;
    // Blocks briefly; runs on the pool.
    std::function<StatusFacts()> facts;
    std::function<std::vector<Check>()> checks;
    std::function<bool()> ready;
  };

  Admin(AdminSettings settings, Ports ports) : settings_(settings), ports_(std::move(ports)) {}

  // Sets the guard and adds the routes.
  void install(net::Router& router);

 private:
  boost::asio::awaitable<bool> guard(net::Request& request, net::Response& response,
                                     const net::Route& route);
  boost::asio::awaitable<void> open_session(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> status(net::Request& request, net::Response& response);

  const AdminSettings settings_;
  Ports ports_;
};

// Whether a Host field names this machine to itself: localhost, *.localhost, 127/8, ::1.
bool is_loopback_host(std::string_view host_field);
// Whether "ADDRESS:PORT" is a loopback address or a Unix socket.
bool is_loopback_peer(std::string_view peer);

}  // namespace seine::gateway
