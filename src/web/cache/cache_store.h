// CacheStore: where kept responses live. The port of CachingTransport: SQLite and blobs in the
// service, memory in tests.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "web/cache/cache_policy.h"

namespace seine::web {

class CacheStore {
 public:
  virtual ~CacheStore() = default;
  // Every variant under the key, without bodies.
  virtual asio::awaitable<base::Result<std::vector<StoredResponse>>> find(std::string key) = 0;
  // kNotFound when it has been evicted.
  virtual asio::awaitable<base::Result<std::string>> body(StoredResponse stored) = 0;
  // Replaces the variant.
  virtual asio::awaitable<base::Result<void>> put(std::string key, StoredResponse stored,
                                                  std::string body) = 0;
  virtual asio::awaitable<base::Result<void>> update(std::string key, StoredResponse stored) = 0;
  virtual asio::awaitable<base::Result<void>> remove(std::string key) = 0;
};

}  // namespace seine::web
