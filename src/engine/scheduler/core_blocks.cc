// SchedulerCore: which blocks hold what.
#include <algorithm>
#include <map>
#include <utility>

#include "base/assert.h"
#include "engine/scheduler/core.h"
#include "engine/scheduler/detail/task_state.h"

namespace seine::engine {

using base::Code;
using base::Result;

std::int64_t SchedulerCore::blocks_for(std::size_t tokens) const {
  return static_cast<std::int64_t>((tokens + block_tokens_ - 1) / block_tokens_);
}

// What the cache knows a lane's tokens by. Where a model computes prompts in another form, what one
// request generated is not what another computes from its prompt, so generated tokens have names of
// their own.
std::vector<TokenId> SchedulerCore::cache_key(const Task& task,
                                              std::span<const TokenId> tokens) const {
  std::vector<TokenId> key(tokens.begin(), tokens.end());
  if (!model_.facts().has_prompt_form) return key;
  for (std::size_t i = task.spec.prompt.size(); i < key.size(); ++i) key[i] = -1 - key[i];
  return key;
}

void SchedulerCore::keep_prefix(const Task& task, Lane& lane, std::size_t tokens) {
  if (!settings_.prefix_cache) return;
  cache_.insert(task.spec.scope, cache_key(task, std::span(lane.tokens).first(tokens)),
                lane.blocks);
}

void SchedulerCore::release(Lane& lane) {
  for (const KvBlockId id : lane.blocks) blocks_.release(id);
  lane.blocks.clear();
  lane.computed = 0;
}

// Takes over what the cache knows beyond what the lane has computed itself: another request with
// the same beginning may have been faster.
void SchedulerCore::adopt_prefix(Task& task, Lane& lane) {
  if (!settings_.prefix_cache || lane.pending() <= 1) return;
  // One token is left to compute: its logits are wanted.
  const std::vector<TokenId> wanted =
      cache_key(task, std::span(lane.tokens).first(lane.tokens.size() - 1));
  const auto computed = static_cast<std::int64_t>(lane.computed);
  if (cache_.peek(task.spec.scope, wanted).tokens <= computed) return;
  RadixCache::Match match = cache_.match(task.spec.scope, wanted);
  release(lane);
  lane.computed = static_cast<std::size_t>(match.tokens);
  lane.blocks = std::move(match.blocks);
  if (task.stats.preemptions > 0) return;
  const auto saved = static_cast<std::uint64_t>(match.tokens - computed);
  task.stats.cached_tokens += saved;
  metrics_.cached_tokens.add(static_cast<double>(saved));
}

std::optional<KvBlockId> SchedulerCore::take_block() {
  if (blocks_.free() == 0) cache_.evict(1);
  return blocks_.acquire();
}

// Blocks for the next `rows` positions, the lane's alone. What it got stays with it when there are
// not enough.
bool SchedulerCore::reserve(Lane& lane, std::size_t rows) {
  const std::size_t first = lane.computed / block_tokens_;
  const std::size_t end = (lane.computed + rows + block_tokens_ - 1) / block_tokens_;
  for (std::size_t i = first; i < end; ++i) {
    if (i < lane.blocks.size() && blocks_.is_exclusive(lane.blocks[i])) continue;
    const std::optional<KvBlockId> block = take_block();
    if (!block) return false;
    if (i == lane.blocks.size()) {
      lane.blocks.push_back(*block);
      continue;
    }
    // Shared with another lane or the cache: copied before the first write.
    const std::size_t filled = std::min(block_tokens_, lane.computed - i * block_tokens_);
    kv_.copy_rows(lane.blocks[i], *block, static_cast<std::int32_t>(filled));
    blocks_.release(std::exchange(lane.blocks[i], *block));
  }
  return true;
}

Result<> SchedulerCore::check_integrity() const {
  SEINE_CHECK(blocks_.check_integrity());
  SEINE_CHECK(cache_.check_integrity());
  std::map<KvBlockId, std::int32_t> held;
  for (const auto& task : running_) {
    if (task->lanes.empty() || task->lanes.size() > task->spec.lanes_max)
      return base::fail(Code::kInternal, "a running task has {} lanes", task->lanes.size());
    for (const Lane& lane : task->lanes) {
      if (lane.computed >= lane.tokens.size() ||
          static_cast<std::int64_t>(lane.blocks.size()) < blocks_for(lane.computed))
        return base::fail(Code::kInternal, "{} of {} tokens are computed in {} blocks",
                          lane.computed, lane.tokens.size(), lane.blocks.size());
      for (const KvBlockId id : lane.blocks) ++held[id];
    }
  }
  for (const auto& [rank, task] : queue_) {
    for (const Lane& lane : task->lanes)
      if (!lane.blocks.empty())
        return base::fail(Code::kInternal, "a task that waits holds blocks");
  }
  for (KvBlockId id = 0; id < blocks_.capacity(); ++id) {
    const std::int32_t others = blocks_.holders(id) - (blocks_.is_cached(id) ? 1 : 0);
    const auto at = held.find(id);
    if (others != (at == held.end() ? 0 : at->second))
      return base::fail(Code::kInternal, "block {} has {} holders that nobody knows", id, others);
  }
  return {};
}

}  // namespace seine::engine
