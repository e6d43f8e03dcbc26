// SchedulerCore: guesses by the model's own module of multi-token prediction (V3 report, section
// 2.2). Behind a pass the module reads the rows that stand, with the token that follows each, and
// guesses the one after the last. Its keys and values lie in the lane's own blocks, so what it
// writes is done before a block is shared.
#include <algorithm>
#include <iterator>

#include "engine/scheduler/core.h"
#include "engine/scheduler/detail/task_state.h"

namespace seine::engine {

bool SchedulerCore::predicts(const Task& task) const {
  return uses_mtp_ && task.spec.speculate && task.lanes.size() == 1;
}

// The rows of this pass that stand, and the tokens behind them; nothing for a task that ends.
std::size_t SchedulerCore::tokens_behind(const Planned& planned, const Decision& decision,
                                         std::vector<TokenId>& out) const {
  const Lane& lane = planned.task->lanes[0];
  const auto first = lane.tokens.begin() + static_cast<std::ptrdiff_t>(lane.computed) + 1;
  const std::size_t rows = planned.rows[0];
  if (!planned.logits) {
    out.assign(first, first + static_cast<std::ptrdiff_t>(rows));
    return rows;
  }
  if (decision.done || decision.lanes.size() != 1) return 0;
  out.assign(first, lane.tokens.end());
  std::ranges::copy(decision.lanes[0].tokens, std::back_inserter(out));
  return out.size();
}

void SchedulerCore::predict(const std::vector<Decision>& decisions, std::span<const float> hidden,
                            const std::stop_token& stop) {
  if (hidden.empty()) return;
  const auto width = static_cast<std::size_t>(model_.facts().width);
  runs_.clear();
  logit_rows_.clear();
  run_tokens_.clear();
  run_tokens_.reserve(planned_.size());  // spans point into it
  mtp_hidden_.clear();
  std::vector<Task*> asked;
  for (std::size_t i = 0; i < planned_.size(); ++i) {
    const Planned& planned = planned_[i];
    Task& task = *planned.task;
    task.predicted.reset();
    if (!predicts(task)) continue;
    std::vector<TokenId>& tokens = run_tokens_.emplace_back();
    const std::size_t rows = tokens_behind(planned, decisions[i], tokens);
    if (rows == 0) continue;
    const Lane& lane = task.lanes[0];
    runs_.push_back({.tokens = tokens,
                     .first_position = static_cast<std::int32_t>(lane.computed),
                     .blocks = lane.blocks,
                     .phase = is_prompt(task, lane) ? Phase::kPrompt : Phase::kDecode});
    const auto from = hidden.subspan(planned.first_row * width, rows * width);
    mtp_hidden_.insert(mtp_hidden_.end(), from.begin(), from.end());
    if (!planned.logits) continue;
    asked.push_back(&task);
    logit_rows_.push_back(static_cast<std::int32_t>(mtp_hidden_.size() / width) - 1);
  }
  if (runs_.empty()) return;
  // Without a guess nothing is lost.
  const auto result = model_.forward_mtp({.runs = runs_, .logit_rows = logit_rows_, .stop = stop},
                                         0, mtp_hidden_, kv_);
  if (!result) return;
  const auto vocabulary = static_cast<std::size_t>(model_.facts().vocabulary);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto logits = result->logits.subspan(i * vocabulary, vocabulary);
    asked[i]->predicted = static_cast<TokenId>(std::ranges::max_element(logits) - logits.begin());
  }
}

}  // namespace seine::engine
