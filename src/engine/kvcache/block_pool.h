// BlockPool: who uses which block of a KvStorage. A block is free or has a count of holders, of
// which the prefix cache may be one. Owned by a scheduler, its thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/kvcache/kv_storage.h"

namespace seine::engine {

class BlockPool {
 public:
  explicit BlockPool(std::int64_t blocks);

  // A block with one holder; nothing when none is free.
  std::optional<KvBlockId> acquire();
  void retain(KvBlockId id);
  // The last release frees the block.
  void release(KvBlockId id);

  // The prefix cache becomes, or ceases to be, one of the holders.
  void cache(KvBlockId id);
  void uncache(KvBlockId id);

  std::int32_t holders(KvBlockId id) const { return at(id).holders; }
  bool is_cached(KvBlockId id) const { return at(id).cached; }
  // Whether its one holder may write to it.
  bool is_exclusive(KvBlockId id) const { return at(id).holders == 1 && !at(id).cached; }

  std::int64_t capacity() const { return static_cast<std::int64_t>(blocks_.size()); }
  std::int64_t free() const { return static_cast<std::int64_t>(free_.size()); }
  // Held by the cache alone: these can be had by evicting.
  std::int64_t idle_cached() const { return idle_cached_; }
  std::int64_t cached() const { return cached_; }

  // Recounts everything; an error says what does not add up.
  base::Result<> check_integrity() const;

 private:
  struct Block {
    std::int32_t holders = 0;
    bool cached = false;
  };
  Block& at(KvBlockId id);
  const Block& at(KvBlockId id) const;
  static bool idle(const Block& block) { return block.cached && block.holders == 1; }

  std::vector<Block> blocks_;
  std::vector<KvBlockId> free_;
  std::int64_t idle_cached_ = 0;
  std::int64_t cached_ = 0;
};

}  // namespace seine::engine
