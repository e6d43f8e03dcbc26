// DiskStore: the CacheStore of the service: records in SQLite, bodies in the blob store, bounded by
// bytes and by entries, oldest use first. Calls run on the store's pool.
#pragma once

#include <memory>

#include "base/clock.h"
#include "store/blob_store.h"
#include "store/database.h"
#include "store/worker_pool.h"
#include "web/cache/cache_store.h"

namespace seine::web {

struct DiskStoreLimits {
  std::uint64_t bytes_max = std::uint64_t{2} << 30;
  std::uint64_t entries_max = 200'000;
  std::size_t variants_max = 16;  // under one key
};

class DiskStore final : public CacheStore {
 public:
  // Applies its migrations. All outlive it.
  static base::Result<std::unique_ptr<DiskStore>> open(store::Database& database,
                                                       store::BlobStore& blobs,
                                                       store::WorkerPool& pool,
                                                       const base::Clock& clock,
                                                       DiskStoreLimits limits = {});

  asio::awaitable<base::Result<std::vector<StoredResponse>>> find(std::string key) override;
  asio::awaitable<base::Result<std::string>> body(StoredResponse stored) override;
  asio::awaitable<base::Result<void>> put(std::string key, StoredResponse stored,
                                          std::string body) override;
  asio::awaitable<base::Result<void>> update(std::string key, StoredResponse stored) override;
  asio::awaitable<base::Result<void>> remove(std::string key) override;

 private:
  DiskStore(store::Database& database, store::BlobStore& blobs, store::WorkerPool& pool,
            const base::Clock& clock, DiskStoreLimits limits)
      : database_(database), blobs_(blobs), pool_(pool), clock_(clock), limits_(limits) {}
  base::Result<void> write(const std::string& key, const StoredResponse& stored);
  base::Result<void> evict();

  store::Database& database_;
  store::BlobStore& blobs_;
  store::WorkerPool& pool_;
  const base::Clock& clock_;
  DiskStoreLimits limits_;
};

}  // namespace seine::web
