#include "engine/kvcache/block_pool.h"

#include <algorithm>

#include "base/assert.h"

namespace seine::engine {

BlockPool::BlockPool(std::int64_t blocks) : blocks_(static_cast<std::size_t>(blocks)) {
  SEINE_ASSERT(blocks > 0, "a pool has blocks");
  free_.reserve(blocks_.size());
  // The lowest first, so that a service that is hardly used touches few pages.
  for (std::int64_t id = blocks - 1; id >= 0; --id) free_.push_back(static_cast<KvBlockId>(id));
}

BlockPool::Block& BlockPool::at(KvBlockId id) {
  SEINE_ASSERT(id >= 0 && static_cast<std::size_t>(id) < blocks_.size(), "a block of this pool");
  return blocks_[static_cast<std::size_t>(id)];
}
const BlockPool::Block& BlockPool::at(KvBlockId id) const {
  SEINE_ASSERT(id >= 0 && static_cast<std::size_t>(id) < blocks_.size(), "a block of this pool");
  return blocks_[static_cast<std::size_t>(id)];
}

std::optional<KvBlockId> BlockPool::acquire() {
  if (free_.empty()) return std::nullopt;
  const KvBlockId id = free_.back();
  free_.pop_back();
  at(id).holders = 1;
  return id;
}

void BlockPool::retain(KvBlockId id) {
  Block& block = at(id);
  SEINE_ASSERT(block.holders > 0, "only a held block is shared");
  if (idle(block)) --idle_cached_;
  ++block.holders;
}

void BlockPool::release(KvBlockId id) {
  Block& block = at(id);
  SEINE_ASSERT(block.holders > (block.cached ? 1 : 0), "a block is released by who holds it");
  --block.holders;
  if (idle(block)) ++idle_cached_;
  if (block.holders == 0) free_.push_back(id);
}

void BlockPool::cache(KvBlockId id) {
  Block& block = at(id);
  SEINE_ASSERT(block.holders > 0 && !block.cached, "a block is cached once, while it is held");
  ++block.holders;
  block.cached = true;
  ++cached_;
}

void BlockPool::uncache(KvBlockId id) {
  Block& block = at(id);
  SEINE_ASSERT(block.cached, "only a cached block leaves the cache");
  if (idle(block)) --idle_cached_;
  block.cached = false;
  --cached_;
  if (--block.holders == 0) free_.push_back(id);
}

base::Result<> BlockPool::check_integrity() const {
  std::vector<bool> is_free(blocks_.size(), false);
  for (const KvBlockId id : free_) {
    const auto i = static_cast<std::size_t>(id);
    if (is_free[i]) return base::fail(base::Code::kInternal, "block {} is free twice", id);
    is_free[i] = true;
  }
  std::int64_t idle_count = 0;
  std::int64_t cached_count = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if ((block.holders == 0) != is_free[i])
      return base::fail(base::Code::kInternal, "block {} has {} holders and is {}", i,
                        block.holders, is_free[i] ? "free" : "not free");
    if (block.holders < (block.cached ? 1 : 0))
      return base::fail(base::Code::kInternal, "block {} is cached with {} holders", i,
                        block.holders);
    idle_count += idle(block) ? 1 : 0;
    cached_count += block.cached ? 1 : 0;
  }
  if (idle_count != idle_cached_ || cached_count != cached_)
    return base::fail(base::Code::kInternal, "{} idle and {} cached blocks, counted {} and {}",
                      idle_count, cached_count, idle_cached_, cached_);
  return {};
}

}  // namespace seine::engine
