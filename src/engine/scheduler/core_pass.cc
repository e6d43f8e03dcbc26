// SchedulerCore: one pass of the model.
#include <algorithm>
#include <cmath>
#include <utility>

#include "base/assert.h"
#include "engine/scheduler/core.h"
#include "engine/scheduler/detail/task_state.h"
#include "engine/scheduler/prompt_lookup.h"

namespace seine::engine {

using base::Result;

void SchedulerCore::plan() {
  planned_.clear();
  std::size_t decoding = 0;
  std::size_t lanes = 0;
  for (const auto& task : running_) {
    lanes += task->lanes.size();
    if (task->is_ready()) decoding += task->lanes.size();
  }
  const auto rows = static_cast<std::size_t>(model_.batch_rows_max()) - decoding;
  const auto logit_rows = static_cast<std::size_t>(model_.logit_rows_max()) - lanes;
  const auto draft_rows = static_cast<std::size_t>(settings_.draft_rows_max);
  Budget budget;
  // Guesses never take the rows that a prompt needs to go on.
  if (decoding > 0)
    budget.drafts = std::min({draft_rows - std::min(draft_rows, decoding), logit_rows, rows / 2});
  budget.chunk = rows - budget.drafts;
  if (decoding > 0)
    budget.chunk = std::min(budget.chunk, static_cast<std::size_t>(settings_.chunk_tokens));
  for (std::size_t i = 0; i < running_.size();) i += plan_task(i, budget) ? 1 : 0;
}

bool SchedulerCore::plan_task(std::size_t index, Budget& budget) {
  Task& task = *running_[index];
  Planned planned{.task = &task};
  if (task.is_ready()) {
    planned.rows.assign(task.lanes.size(), 1);
    planned.logits = true;
    budget.drafts -= draft(task, budget, planned.drafts);
  } else {
    const std::size_t rows = plan_prompt(task, budget, planned);
    if (rows == 0) return true;
    budget.chunk -= rows;
  }
  if (!reserve_all(index, planned)) return false;
  planned_.push_back(std::move(planned));
  return true;
}

bool SchedulerCore::is_prompt(const Task& task, const Lane& lane) const {
  return model_.facts().has_prompt_form && lane.computed < task.spec.prompt.size();
}

// At most `most` of the tokens that a lane has to compute, all of one phase: what a task that was
// set back had generated is computed again in the form that it was generated in.
std::size_t SchedulerCore::prompt_rows(const Task& task, const Lane& lane, std::size_t most) const {
  const std::size_t end = is_prompt(task, lane) ? task.spec.prompt.size() : lane.tokens.size();
  return std::min(most, end - lane.computed);
}

// The rows of a prompt in this pass.
std::size_t SchedulerCore::plan_prompt(Task& task, const Budget& budget, Planned& planned) {
  planned.rows.assign(task.lanes.size(), 0);
  if (task.lanes.size() == 1) {
    adopt_prefix(task, task.lanes[0]);
    planned.rows[0] = prompt_rows(task, task.lanes[0], budget.chunk);
    planned.logits = planned.rows[0] == task.lanes[0].pending();
    return planned.rows[0];
  }
  // Lanes that were set back are computed again one by one, so that each finds in the cache what it
  // has in common with the one before; the last token of each waits for the others.
  for (std::size_t i = 0; i < task.lanes.size(); ++i) {
    adopt_prefix(task, task.lanes[i]);
    if (task.lanes[i].pending() == 1) continue;
    planned.rows[i] =
        prompt_rows(task, task.lanes[i], std::min(budget.chunk, task.lanes[i].pending() - 1));
    return planned.rows[i];
  }
  // All were in the cache.
  if (task.lanes.size() > budget.chunk) return 0;
  planned.rows.assign(task.lanes.size(), 1);
  planned.logits = true;
  return task.lanes.size();
}

// Guesses as many tokens as were right lately.
std::size_t SchedulerCore::draft(const Task& task, const Budget& budget,
                                 std::vector<TokenId>& out) const {
  if (!task.spec.speculate || task.lanes.size() != 1) return 0;
  const Lane& lane = task.lanes[0];
  if (is_prompt(task, lane)) return 0;  // guesses are rows that decode
  const auto most = static_cast<double>(std::max(0, settings_.draft_tokens_max));
  const auto wanted = static_cast<std::size_t>(std::lround(most * std::max(task.hits, 0.25)));
  // Room for the token that follows the guesses.
  const std::size_t limit = task.tokens_limit();
  const std::size_t room = limit > lane.tokens.size() ? limit - lane.tokens.size() - 1 : 0;
  const auto guess = prompt_lookup(lane.tokens, std::min({wanted, room, budget.drafts}));
  out.assign(guess.begin(), guess.end());
  return out.size();
}

bool SchedulerCore::reserve_all(std::size_t index, Planned& planned) {
  Task& task = *planned.task;
  for (std::size_t i = 0; i < task.lanes.size(); ++i) {
    while (planned.rows[i] > 0 &&
           !reserve(task.lanes[i], planned.rows[i] + planned.drafts.size())) {
      if (!planned.drafts.empty()) {
        planned.drafts.clear();
        continue;
      }
      // The last in rank gives way, and that may be this one.
      const bool itself = index + 1 == running_.size();
      set_back_last();
      if (itself) return false;
    }
  }
  return true;
}

Result<ForwardResult> SchedulerCore::forward(const std::stop_token& stop) {
  runs_.clear();
  logit_rows_.clear();
  run_tokens_.clear();
  std::size_t row = 0;
  std::size_t drafted_runs = 0;
  for (const Planned& planned : planned_) drafted_runs += planned.drafts.empty() ? 0 : 1;
  run_tokens_.reserve(drafted_runs);  // spans point into it
  // A model takes rows that decode before those of prompts. The lanes of a task are of one phase.
  const auto of_prompt = [this](const Planned& planned) {
    for (std::size_t i = 0; i < planned.rows.size(); ++i)
      if (planned.rows[i] > 0) return is_prompt(*planned.task, planned.task->lanes[i]);
    return false;
  };
  std::ranges::sort(planned_, {}, [&](const Planned& planned) {
    return std::pair(of_prompt(planned), planned.task->rank);
  });
  for (Planned& planned : planned_) {
    planned.first_logit_row = logit_rows_.size();
    for (std::size_t i = 0; i < planned.rows.size(); ++i) {
      const Lane& lane = planned.task->lanes[i];
      if (planned.rows[i] == 0) continue;
      std::span<const TokenId> tokens =
          std::span(lane.tokens).subspan(lane.computed, planned.rows[i]);
      if (!planned.drafts.empty()) {
        std::vector<TokenId>& joined = run_tokens_.emplace_back(tokens.begin(), tokens.end());
        joined.insert(joined.end(), planned.drafts.begin(), planned.drafts.end());
        tokens = joined;
      }
      runs_.push_back({.tokens = tokens,
                       .first_position = static_cast<std::int32_t>(lane.computed),
                       .blocks = lane.blocks,
                       .phase = is_prompt(*planned.task, lane) ? Phase::kPrompt : Phase::kDecode});
      row += tokens.size();
      for (std::size_t k = planned.drafts.size() + 1; planned.logits && k-- > 0;)
        logit_rows_.push_back(static_cast<std::int32_t>(row - 1 - k));
    }
  }
  const base::TimePoint began = clock_.now();
  Result<ForwardResult> result = model_.forward(
      {.runs = runs_, .logit_rows = logit_rows_, .want_hidden = false, .stop = stop}, kv_);
  metrics_.pass_seconds.observe(std::chrono::duration<double>(clock_.now() - began).count());
  metrics_.pass_rows.observe(static_cast<double>(row));
  return result;
}

std::vector<Decision> SchedulerCore::decide(const ForwardResult& result) {
  const auto vocabulary = static_cast<std::size_t>(model_.facts().vocabulary);
  std::vector<Decision> decisions(planned_.size());
  // The text of the last pass is being made still.
  pool_.wait_idle();
  pool_.parallel(planned_.size(), [&](std::size_t i) {
    const Planned& planned = planned_[i];
    if (!planned.logits) return;
    const std::size_t rows = 1 + planned.drafts.size();
    std::vector<LaneLogits> lanes;
    lanes.reserve(planned.rows.size());
    for (std::size_t lane = 0; lane < planned.rows.size(); ++lane) {
      lanes.push_back({.logits = result.logits.subspan(
                           (planned.first_logit_row + lane * rows) * vocabulary, rows * vocabulary),
                       .drafts = planned.drafts});
    }
    decisions[i] = planned.task->spec.decoder->decide(lanes);
  });
  return decisions;
}

void SchedulerCore::apply(Planned& planned, Decision decision) {
  Task& task = *planned.task;
  const bool was_prompt = !task.is_ready();
  for (std::size_t i = 0; i < planned.rows.size(); ++i) {
    Lane& lane = task.lanes[i];
    lane.computed += planned.rows[i];
    if (!was_prompt) continue;
    metrics_.prompt_tokens.add(static_cast<double>(planned.rows[i]));
    // Whole blocks of a prompt are known to others at once.
    keep_prefix(task, lane, lane.computed / block_tokens_ * block_tokens_);
  }
  if (!planned.logits) return;
  ++task.stats.steps;
  append(task, planned, decision);
  if (decision.done || decision.lanes.empty()) {
    const auto at = std::ranges::find(running_, &task, &std::unique_ptr<Task>::get);
    auto ended = std::move(*at);
    running_.erase(at);
    end(std::move(ended), std::nullopt);
    return;
  }
  pool_.post([decoder = task.spec.decoder.get()] { decoder->after(); });
}

void SchedulerCore::append(Task& task, const Planned& planned, const Decision& decision) {
  if (decision.lanes.empty()) return;
  SEINE_ASSERT(decision.lanes.size() <= task.spec.lanes_max, "a decoder keeps to its lanes");
  std::vector<std::size_t> uses(task.lanes.size(), 0);
  for (const Continuation& next : decision.lanes) {
    SEINE_ASSERT(next.lane < uses.size() && !next.tokens.empty(), "a continuation of a lane");
    ++uses[next.lane];
  }
  std::vector<Lane> lanes;
  lanes.reserve(decision.lanes.size());
  for (const Continuation& next : decision.lanes) {
    const std::size_t accepted = next.tokens.size() - 1;
    SEINE_ASSERT(accepted <= planned.drafts.size() &&
                     std::equal(next.tokens.begin(), next.tokens.end() - 1, planned.drafts.begin()),
                 "a decoder takes guesses in their order");
    Lane& from = task.lanes[next.lane];
    if (--uses[next.lane] == 0) {
      lanes.push_back(std::exchange(from, {}));
    } else {
      lanes.push_back(from);
      for (const KvBlockId id : from.blocks) blocks_.retain(id);
    }
    Lane& lane = lanes.back();
    lane.computed += accepted;
    lane.tokens.insert(lane.tokens.end(), next.tokens.begin(), next.tokens.end());
    SEINE_ASSERT(lane.tokens.size() <= task.tokens_limit(), "a decoder keeps to its length");
    metrics_.generated_tokens.add(static_cast<double>(next.tokens.size()));
  }
  for (Lane& lane : task.lanes) release(lane);  // those that nothing continues
  task.lanes = std::move(lanes);
  if (planned.drafts.empty()) return;
  const std::size_t accepted = decision.lanes[0].tokens.size() - 1;
  task.stats.drafted_tokens += planned.drafts.size();
  task.stats.accepted_tokens += accepted;
  metrics_.drafted_tokens.add(static_cast<double>(planned.drafts.size()));
  metrics_.accepted_tokens.add(static_cast<double>(accepted));
  const double share = static_cast<double>(accepted) / static_cast<double>(planned.drafts.size());
  task.hits += (share - task.hits) / 4;
}

}  // namespace seine::engine
