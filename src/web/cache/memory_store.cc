#include "web/cache/memory_store.h"

#include <algorithm>

namespace seine::web {

void MemoryStore::erase(std::list<Entry>::iterator entry) {
  bytes_ -= entry->body.size();
  entries_.erase(entry);
}

asio::awaitable<base::Result<std::vector<StoredResponse>>> MemoryStore::find(std::string key) {
  std::vector<StoredResponse> out;
  for (const Entry& entry : entries_) {
    if (entry.key == key) out.push_back(entry.stored);
  }
  co_return out;
}

asio::awaitable<base::Result<std::string>> MemoryStore::body(StoredResponse stored) {
  const auto found = std::ranges::find_if(
      entries_, [&stored](const Entry& entry) { return entry.stored.body_ref == stored.body_ref; });
  if (found == entries_.end())
    co_return base::fail(base::Code::kNotFound, "the body has been evicted");
  co_return found->body;
}

asio::awaitable<base::Result<void>> MemoryStore::put(std::string key, StoredResponse stored,
                                                     std::string body) {
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->key == key && it->stored.variant == stored.variant) {
      erase(it);
      break;
    }
  }
  stored.body_ref = std::to_string(next_++);
  bytes_ += body.size();
  entries_.push_back({std::move(key), std::move(stored), std::move(body)});
  while (bytes_ > bytes_max_ && !entries_.empty()) erase(entries_.begin());
  co_return base::Result<void>();
}

asio::awaitable<base::Result<void>> MemoryStore::update(std::string key, StoredResponse stored) {
  for (Entry& entry : entries_) {
    if (entry.key != key || entry.stored.body_ref != stored.body_ref) continue;
    entry.stored = std::move(stored);
    break;
  }
  co_return base::Result<void>();
}

asio::awaitable<base::Result<void>> MemoryStore::remove(std::string key) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto here = it++;
    if (here->key == key) erase(here);
  }
  co_return base::Result<void>();
}

}  // namespace seine::web
