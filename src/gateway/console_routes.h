// The console's smaller routes: /api/models, /api/files, /api/settings, /api/prompts,
// /api/search_providers
// (docs/reference/console-api.md). Owned by the composition root; lives as long as the router it
// fills.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "gateway/files/file_store.h"
#include "gateway/models/model_admin.h"
#include "net/router.h"
#include "store/key_value.h"
#include "store/worker_pool.h"

namespace seine::gateway {

struct SearchProviderInfo {
  std::string id;
  std::string state;  // "ready", "no_key", "down", "quota"
  std::string cost = {};
  std::optional<double> p50_ms = {};
};

class ConsoleRoutes {
 public:
  struct Ports {
    ModelAdmin& models;
    FileStore& files;
    store::KeyValue& records;
    store::WorkerPool& pool;
    store::WorkerPool& readers;  // uploads are read here, for seconds: nothing else waits for them
    // May be empty: no providers. Runs on the pool.
    std::function<std::vector<SearchProviderInfo>()> providers = {};
  };
  explicit ConsoleRoutes(Ports ports) : ports_(std::move(ports)) {}

  void install(net::Router& router);

 private:
  Ports ports_;
};

base::Json to_json(const ModelEntry& model);

}  // namespace seine::gateway
