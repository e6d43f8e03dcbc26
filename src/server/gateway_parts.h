// The gateway's pieces put together: access, chats, dialects of models, and their routes. Part of
// the composition root; owned by Service, which outlives it with everything in Ports.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/random.h"
#include "gateway/sessions.h"
#include "net/router.h"
#include "store/blob_store.h"
#include "store/database.h"
#include "store/key_value.h"
#include "store/text_index.h"
#include "store/worker_pool.h"

namespace seine::gateway {
class ChatStore;
class FileStore;
class Generations;
class ModelAdmin;
struct SearchProviderInfo;
class WebAnswerer;
}  // namespace seine::gateway
namespace seine::llm {
class Embedder;
class Generator;
}  // namespace seine::llm

namespace seine::server {

struct GatewaySettings {
  bool open_on_loopback = false;
};

class GatewayParts {
 public:
  struct Ports {
    store::Database& database;
    store::TextIndex& text_index;
    store::BlobStore& blobs;
    store::KeyValue& records;
    store::WorkerPool& pool;
    store::WorkerPool& readers;  // of uploads
    gateway::Sessions& sessions;
    base::Metrics& metrics;
    base::Metrics& vllm_metrics;  // the same facts under vLLM's names
    llm::Generator& generator;
    llm::Embedder& embedder;
    gateway::ModelAdmin& models;
    // What searches go to, for the console; may be empty. Runs on the pool.
    std::function<std::vector<gateway::SearchProviderInfo>()> providers = {};
    gateway::WebAnswerer* web = nullptr;  // null: requests for the web are refused
    std::function<bool()> ready;          // for health checks; on any thread
    const base::Clock& clock;
    base::Random& random;
  };

  // Opens the tables and adds the guard and the routes to the router.
  static base::Result<std::unique_ptr<GatewayParts>> make(GatewaySettings settings, Ports ports,
                                                          net::Router& router);
  ~GatewayParts();

  gateway::ChatStore& chats();
  gateway::FileStore& files();
  gateway::Generations& generations();

 private:
  struct Impl;
  explicit GatewayParts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::server
