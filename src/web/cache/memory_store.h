// MemoryStore: a CacheStore in memory, bounded by bytes, oldest first. For the command line without
// a data directory and for tests. One context.
#pragma once

#include <list>
#include <map>

#include "web/cache/cache_store.h"

namespace seine::web {

class MemoryStore final : public CacheStore {
 public:
  explicit MemoryStore(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}

  asio::awaitable<base::Result<std::vector<StoredResponse>>> find(std::string key) override;
  asio::awaitable<base::Result<std::string>> body(StoredResponse stored) override;
  asio::awaitable<base::Result<void>> put(std::string key, StoredResponse stored,
                                          std::string body) override;
  asio::awaitable<base::Result<void>> update(std::string key, StoredResponse stored) override;
  asio::awaitable<base::Result<void>> remove(std::string key) override;

  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;
    StoredResponse stored;
    std::string body;
  };
  void erase(std::list<Entry>::iterator entry);

  std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  std::uint64_t next_ = 0;
  std::list<Entry> entries_;  // oldest first
};

}  // namespace seine::web
