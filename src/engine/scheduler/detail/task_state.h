// What SchedulerCore keeps of a task. Included by its .cc files only.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "engine/scheduler/core.h"

namespace seine::engine {

struct SchedulerCore::Lane {
  std::vector<TokenId> tokens = {};
  // Positions whose keys and values are in the blocks; at least one token is always to come.
  std::size_t computed = 0;
  std::vector<KvBlockId> blocks = {};

  std::size_t pending() const { return tokens.size() - computed; }
};

struct SchedulerCore::Task {
  TaskSpec spec;
  Rank rank;
  base::TimePoint arrived;
  std::vector<Lane> lanes = {};
  TaskStats stats = {};
  bool started = false;
  // How often guesses were right lately: an exponential mean of the share accepted.
  double hits = 0.5;
  // What the model's own module foresees behind the last token.
  std::optional<TokenId> predicted = {};

  // Each lane asks for one row: the task decodes.
  bool is_ready() const {
    return std::ranges::all_of(lanes, [](const Lane& lane) { return lane.pending() == 1; });
  }
  std::size_t tokens_limit() const { return spec.prompt.size() + spec.tokens_max; }
};

// What one pass computes for one task.
struct SchedulerCore::Planned {
  Task* task = nullptr;
  std::vector<std::size_t> rows = {};  // a lane, without drafts
  std::vector<TokenId> drafts = {};    // of the only lane
  bool logits = false;                 // of the last row of each lane and of each draft
  bool predicted = false;              // the draft is the module's
  std::size_t first_row = 0;           // of the batch
  std::size_t first_logit_row = 0;
};

struct SchedulerCore::Budget {
  std::size_t chunk = 0;   // prompt rows
  std::size_t drafts = 0;  // guessed rows
};

}  // namespace seine::engine
