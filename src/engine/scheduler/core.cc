#include "engine/scheduler/core.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/text.h"
#include "engine/scheduler/detail/task_state.h"

namespace seine::engine {

using base::Code;
using base::Result;

SchedulerCore::SchedulerCore(Model& model, KvStorage& kv, WorkPool& pool, const base::Clock& clock,
                             SchedulerMetrics metrics, SchedulerSettings settings)
    : model_(model),
      kv_(kv),
      pool_(pool),
      clock_(clock),
      metrics_(metrics),
      settings_(settings),
      block_tokens_(static_cast<std::size_t>(kv.layout().block_tokens)),
      blocks_(kv.blocks()),
      cache_(blocks_, kv.layout().block_tokens) {
  settings_.lanes_max =
      std::max(1, std::min({settings_.lanes_max, model.logit_rows_max(), model.batch_rows_max()}));
  settings_.chunk_tokens = std::max(1, settings_.chunk_tokens);
  metrics_.kv_blocks.set(static_cast<double>(blocks_.capacity()));
}

SchedulerCore::~SchedulerCore() {
  fail_all({Code::kUnavailable, "the engine is shutting down"});
  pool_.wait_idle();
}

Result<> SchedulerCore::check(const TaskSpec& spec) const {
  const auto count = [](std::int64_t n) {
    return base::format_count(static_cast<std::uint64_t>(std::max<std::int64_t>(n, 0)));
  };
  const auto prompt = static_cast<std::int64_t>(spec.prompt.size());
  const std::int64_t context = model_.facts().context;
  if (prompt == 0) return base::fail(Code::kInvalidArgument, "the prompt is empty");
  if (prompt + 1 > context) {
    return base::fail(Code::kInvalidArgument, "prompt has {} tokens, the model's limit is {}",
                      count(prompt), count(context));
  }
  if (prompt + spec.tokens_max > context) {
    return base::fail(Code::kInvalidArgument,
                      "prompt of {} tokens and answer of up to {} exceed the model's limit of {}",
                      count(prompt), count(spec.tokens_max), count(context));
  }
  if (static_cast<std::int64_t>(spec.lanes_max) > settings_.lanes_max) {
    return base::fail(Code::kInvalidArgument, "{} sequences side by side, the engine runs {}",
                      spec.lanes_max, settings_.lanes_max);
  }
  // Alone in the pool: the first lane whole, of the others what they do not share, and a copy for
  // each before its first write.
  const auto lanes = static_cast<std::int64_t>(spec.lanes_max);
  const std::int64_t own = settings_.prefix_cache
                               ? blocks_for(spec.tokens_max) + 1
                               : blocks_for(spec.prompt.size() + spec.tokens_max);
  const std::int64_t needed =
      blocks_for(spec.prompt.size() + spec.tokens_max) + (lanes - 1) * own + lanes;
  if (needed > blocks_.capacity()) {
    const auto bt = static_cast<std::int64_t>(block_tokens_);
    return base::fail(Code::kInvalidArgument,
                      "prompt and answer need a KV cache of {} tokens, the engine has {}",
                      count(needed * bt), count(blocks_.capacity() * bt));
  }
  return {};
}

void SchedulerCore::submit(TaskSpec spec) {
  const Rank rank{spec.qos, arrivals_++};
  auto task =
      std::make_unique<Task>(Task{.spec = std::move(spec), .rank = rank, .arrived = clock_.now()});
  task->stats.prompt_tokens = task->spec.prompt.size();
  queue_.emplace(rank, std::move(task));
}

bool SchedulerCore::step(const std::stop_token& stop) {
  reap();
  admit();
  plan();
  if (planned_.empty()) {
    record();
    return !running_.empty() || !queue_.empty();
  }
  const Result<ForwardResult> result = forward(stop);
  if (!result) {
    // The batch was ours, so that nobody's request is at fault: all that took part end.
    const base::Error error{
        result.error().code == Code::kCancelled ? Code::kUnavailable : Code::kInternal,
        result.error().message};
    planned_.clear();
    while (!running_.empty()) {
      auto task = std::move(running_.back());
      running_.pop_back();
      end(std::move(task), error);
    }
    return !queue_.empty();
  }
  std::vector<Decision> decisions = decide(*result);
  for (std::size_t i = 0; i < planned_.size(); ++i) apply(planned_[i], std::move(decisions[i]));
  planned_.clear();
  record();
  return !running_.empty() || !queue_.empty();
}

// ---- Ends --------------------------------------------------------------------------------------

std::optional<base::Error> SchedulerCore::outcome(const Task& task, base::TimePoint now) const {
  if (task.spec.stop.stop_requested()) return base::Error{Code::kCancelled, "the reader has gone"};
  if (now >= task.spec.deadline.when())
    return base::Error{Code::kDeadlineExceeded, "the answer did not end before its deadline"};
  return std::nullopt;
}

void SchedulerCore::reap() {
  const base::TimePoint now = clock_.now();
  for (auto at = queue_.begin(); at != queue_.end();) {
    auto error = outcome(*at->second, now);
    if (!error) {
      ++at;
      continue;
    }
    auto task = std::move(at->second);
    at = queue_.erase(at);
    end(std::move(task), std::move(error));
  }
  for (std::size_t i = 0; i < running_.size();) {
    auto error = outcome(*running_[i], now);
    if (!error) {
      ++i;
      continue;
    }
    auto task = std::move(running_[i]);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    end(std::move(task), std::move(error));
  }
}

void SchedulerCore::end(std::unique_ptr<Task> task, std::optional<base::Error> error) {
  if (!task->lanes.empty()) keep_prefix(*task, task->lanes[0], task->lanes[0].computed);
  for (Lane& lane : task->lanes) release(lane);
  // What it still has in the pool comes first.
  pool_.wait_idle();
  std::shared_ptr<Task> last(std::move(task));
  pool_.post([last, error = std::move(error)] {
    if (!error) last->spec.decoder->after();
    last->spec.decoder->finish(error, last->stats);
  });
}

void SchedulerCore::fail_all(const base::Error& error) {
  while (!queue_.empty()) {
    auto task = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    end(std::move(task), error);
  }
  while (!running_.empty()) {
    auto task = std::move(running_.back());
    running_.pop_back();
    end(std::move(task), error);
  }
}

// ---- Admission ---------------------------------------------------------------------------------

// Blocks that an admitted task has not taken yet, its next token included.
std::int64_t SchedulerCore::blocks_owed(const Task& task) const {
  std::int64_t owed = 0;
  for (const Lane& lane : task.lanes) {
    owed += std::max<std::int64_t>(
        0, blocks_for(lane.tokens.size() + 1) - static_cast<std::int64_t>(lane.blocks.size()));
  }
  return owed;
}

bool SchedulerCore::has_room(const Task& task) const {
  std::size_t lanes = task.spec.lanes_max;
  std::int64_t owed = 0;
  for (const auto& other : running_) {
    lanes += other->spec.lanes_max;
    owed += blocks_owed(*other);
  }
  if (lanes > static_cast<std::size_t>(settings_.lanes_max)) return false;
  if (running_.empty()) return true;

  std::int64_t needed = 0;
  if (task.lanes.empty()) needed = blocks_for(task.spec.prompt.size() + 1);
  for (const Lane& lane : task.lanes) needed += blocks_for(lane.tokens.size() + 1);
  std::int64_t available = blocks_.free() + blocks_.idle_cached();
  if (settings_.prefix_cache) {
    const std::vector<TokenId>& tokens =
        task.lanes.empty() ? task.spec.prompt : task.lanes[0].tokens;
    const RadixCache::Match known =
        cache_.peek(task.spec.scope, cache_key(task, std::span(tokens).first(tokens.size() - 1)));
    needed -= known.tokens / static_cast<std::int64_t>(block_tokens_);
    for (const KvBlockId id : known.blocks) available -= blocks_.holders(id) == 1 ? 1 : 0;
  }
  // One more block for each running lane, so that an arrival does not at once set somebody back.
  return needed + owed + static_cast<std::int64_t>(lanes) <= available;
}

void SchedulerCore::admit() {
  while (!queue_.empty()) {
    Task& next = *queue_.begin()->second;
    if (!has_room(next)) {
      if (running_.empty() || running_.back()->rank.first <= next.rank.first) return;
      set_back_last();
      continue;
    }
    auto task = std::move(queue_.begin()->second);
    queue_.erase(queue_.begin());
    if (!task->started) {
      task->started = true;
      metrics_.queue_seconds.observe(
          std::chrono::duration<double>(clock_.now() - task->arrived).count());
      task->lanes.push_back({.tokens = task->spec.prompt});
    }
    for (Lane& lane : task->lanes) adopt_prefix(*task, lane);
    const auto at = std::ranges::upper_bound(running_, task->rank, {},
                                             [](const auto& other) { return other->rank; });
    running_.insert(at, std::move(task));
  }
}

void SchedulerCore::set_back_last() {
  auto task = std::move(running_.back());
  running_.pop_back();
  for (Lane& lane : task->lanes) {
    keep_prefix(*task, lane, lane.computed);
    release(lane);
  }
  ++task->stats.preemptions;
  metrics_.preemptions.add();
  const Rank rank = task->rank;
  queue_.emplace(rank, std::move(task));
}

void SchedulerCore::record() {
  metrics_.queued.set(static_cast<double>(queue_.size()));
  metrics_.running.set(static_cast<double>(running_.size()));
  metrics_.kv_blocks_cached.set(static_cast<double>(blocks_.idle_cached()));
  metrics_.kv_blocks_used.set(
      static_cast<double>(blocks_.capacity() - blocks_.free() - blocks_.idle_cached()));
}

}  // namespace seine::engine
