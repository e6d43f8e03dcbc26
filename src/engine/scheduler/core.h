// SchedulerCore: the policy, without a thread. Which tasks run, what the next pass computes, what
// becomes of its logits. step() is one pass:
//
//   reap     cancelled and late tasks end, running or queued
//   admit    by class, then arrival, while lanes and blocks are there; a higher class sets running
//            tasks of a lower one back, and these go on later from the prefix cache
//   plan     one row for each lane that decodes, guesses where rows are cheap, and at most
//            chunk_tokens of prompts beside them
//   forward  the model, on its threads
//   decide   decoders choose tokens, on the work pool; text is made beside the next pass
//
// Memory is never exceeded in flight: a task is accepted only if it fits alone, and when blocks run
// out the lowest class and then the latest arrival is set back. Owned by one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "engine/kvcache/block_pool.h"
#include "engine/kvcache/kv_storage.h"
#include "engine/kvcache/radix_cache.h"
#include "engine/model/model.h"
#include "engine/scheduler/settings.h"
#include "engine/scheduler/task.h"
#include "engine/scheduler/work_pool.h"

namespace seine::engine {

class SchedulerCore {
 public:
  // All arguments outlive the core.
  SchedulerCore(Model& model, KvStorage& kv, WorkPool& pool, const base::Clock& clock,
                SchedulerMetrics metrics, SchedulerSettings settings);
  ~SchedulerCore();
  SchedulerCore(const SchedulerCore&) = delete;
  SchedulerCore& operator=(const SchedulerCore&) = delete;

  // Whether a task could ever run; errors give the numbers. Any thread.
  base::Result<> check(const TaskSpec& spec) const;
  // Queues a task that check() has passed.
  void submit(TaskSpec spec);
  // One pass. False when nothing is left to do. `stop` ends the pass between layers.
  bool step(const std::stop_token& stop);
  // Ends every task with this error.
  void fail_all(const base::Error& error);

  std::size_t queued() const { return queue_.size(); }
  std::size_t running() const { return running_.size(); }
  const BlockPool& blocks() const { return blocks_; }
  // Everything that must hold between two steps.
  base::Result<> check_integrity() const;

 private:
  struct Lane;
  struct Task;
  struct Planned;
  struct Budget;
  // Class, then arrival: the order in which tasks are served, and its reverse that in which they
  // give way.
  using Rank = std::pair<llm::QosClass, std::uint64_t>;

  // core.cc: which tasks run.
  void reap();
  std::optional<base::Error> outcome(const Task& task, base::TimePoint now) const;
  void end(std::unique_ptr<Task> task, std::optional<base::Error> error);
  void admit();
  bool has_room(const Task& task) const;
  std::int64_t blocks_owed(const Task& task) const;
  // Back into the queue; its blocks stay in the prefix cache as long as there is room.
  void set_back_last();

  // core_blocks.cc: which blocks hold what.
  std::int64_t blocks_for(std::size_t tokens) const;
  std::vector<TokenId> cache_key(const Task& task, std::span<const TokenId> tokens) const;
  void keep_prefix(const Task& task, Lane& lane, std::size_t tokens);
  void release(Lane& lane);
  void adopt_prefix(Task& task, Lane& lane);
  bool reserve(Lane& lane, std::size_t rows);
  std::optional<KvBlockId> take_block();

  // core_pass.cc: one pass.
  void plan();
  // False when the task itself had to give way.
  bool plan_task(std::size_t index, Budget& budget);
  bool is_prompt(const Task& task, const Lane& lane) const;
  std::size_t prompt_rows(const Task& task, const Lane& lane, std::size_t most) const;
  std::size_t plan_prompt(Task& task, const Budget& budget, Planned& planned);
  std::size_t draft(const Task& task, const Budget& budget, std::vector<TokenId>& out) const;
  bool reserve_all(std::size_t index, Planned& planned);
  base::Result<ForwardResult> forward(const std::stop_token& stop);
  std::vector<Decision> decide(const ForwardResult& result);
  void apply(Planned& planned, Decision decision);
  void append(Task& task, const Planned& planned, const Decision& decision);
  void record();

  Model& model_;
  KvStorage& kv_;
  WorkPool& pool_;
  const base::Clock& clock_;
  SchedulerMetrics metrics_;
  SchedulerSettings settings_;
  const std::size_t block_tokens_;
  BlockPool blocks_;
  RadixCache cache_;
  std::map<Rank, std::unique_ptr<Task>> queue_;
  std::vector<std::unique_ptr<Task>> running_;  // by rank
  std::vector<Planned> planned_;                // of the current pass
  std::vector<std::vector<TokenId>> run_tokens_;
  std::vector<TokenRun> runs_;
  std::vector<std::int32_t> logit_rows_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace seine::engine
