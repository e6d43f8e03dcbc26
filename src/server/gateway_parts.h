// The gateway's pieces put together: access, chats, dialects of models, and their routes. Part of
// the composition root; owned by Service, which outlives it with everything in Ports.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/random.h"
#include "gateway/sessions.h"
#include "net/router.h"
#include "store/blob_store.h"
#include "store/database.h"
#include "store/key_value.h"
#include "store/worker_pool.h"

namespace seine::gateway {
class ChatStore;
}

namespace seine::server {

struct GatewaySettings {
  bool open_on_loopback = false;
};

class GatewayParts {
 public:
  struct Ports {
    store::Database& database;
    store::BlobStore& blobs;
    store::KeyValue& records;
    store::WorkerPool& pool;
    gateway::Sessions& sessions;
    base::Metrics& metrics;
    const base::Clock& clock;
    base::Random& random;
  };

  // Opens the tables and adds the guard and the routes to the router.
  static base::Result<std::unique_ptr<GatewayParts>> make(GatewaySettings settings, Ports ports,
                                                          net::Router& router);
  ~GatewayParts();

  gateway::ChatStore& chats();

 private:
  struct Impl;
  explicit GatewayParts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::server
