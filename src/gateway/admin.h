// The administrative routes of one node: /healthz, /readyz, /metrics, /api/status, /api/session.
// Owned by the composition root; lives as long as the router it fills.
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

struct AdminSettings {
  bool metrics_public = true;
  bool secure_cookie = false;  // over TLS
};

class Admin {
 public:
  struct Ports {
    Sessions& sessions;
    store::WorkerPool& pool;
    const base::Metrics& metrics;
    const base::Metrics* vllm_metrics = nullptr;  // added on request; null: none
    // Blocks briefly; runs on the pool.
    std::function<StatusFacts()> facts;
    std::function<std::vector<Check>()> checks;
    std::function<bool()> ready;
  };

  Admin(AdminSettings settings, Ports ports) : settings_(settings), ports_(std::move(ports)) {}

  // Adds the routes.
  void install(net::Router& router);

 private:
  boost::asio::awaitable<void> open_session(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> metrics(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> status(net::Request& request, net::Response& response);

  const AdminSettings settings_;
  Ports ports_;
};

}  // namespace seine::gateway
