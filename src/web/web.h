// Web: the module put together for one process: network, politeness, cache, robots, reader, search,
// crawler, index, watches. Everything runs on one context of the runtime (`home`), whichever
// context calls. Made after the runtime, the pool and the store. Its end is theirs too: it stops
// the runtime, then the pool, and only then what both still used, so nobody else has to know that
// order.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "net/runtime.h"
#include "store/blob_store.h"
#include "store/database.h"
#include "store/text_index.h"
#include "store/worker_pool.h"
#include "web/crawl/crawler.h"
#include "web/fetch/fetcher.h"
#include "web/guard/guard.h"
#include "web/index/collection.h"
#include "web/reader.h"
#include "web/replay/replay.h"
#include "web/search/search.h"
#include "web/search/search_engine.h"
#include "web/watch/watcher.h"

namespace seine::web {

struct WebSettings {
  std::string user_agent;
  std::string ca_file = {};
  GuardPolicy guard = {};
  double site_rate = 1;  // requests a second and site
  double global_rate = 50;
  std::uint64_t cache_bytes_max = std::uint64_t{2} << 30;
  bool cache = true;
  bool render = true;  // pages that only scripts make, where a browser is installed
  SearchSettings search = {};
  WatcherSettings watch = {};            // its guard is the one above
  WebRecord* record = nullptr;           // what the network says goes in; outlives the module
  std::optional<WebRecord> replay = {};  // instead of the network
};

class Web {
 public:
  struct Ports {  // all outlive it
    net::Runtime& runtime;
    store::Database& database;
    store::TextIndex& text_index;
    store::BlobStore& blobs;
    store::WorkerPool& pool;
    const base::Clock& clock;
    base::Random& random;
  };
  static base::Result<std::unique_ptr<Web>> make(WebSettings settings, Ports ports);
  // Not on a thread of the runtime or the pool. Servers and clients are drained before.
  ~Web();

  Reader& reader();
  Search& search();
  // Which providers are there and how they fare. Any thread.
  std::vector<SearchEngine::Health> search_health() const;
  Crawler& crawler();
  PageIndex& index();
  // Its schedule runs where somebody awaits run().
  Watcher& watcher();
  // The bytes behind an address, by the reader's rules.
  asio::awaitable<base::Result<FetchResponse>> fetch(std::string url, ReadOptions options);

 private:
  struct Impl;
  explicit Web(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::web
