// Settings and instruments of a scheduler. Plain values.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/metrics.h"

namespace seine::engine {

struct SchedulerSettings {
  std::size_t queue_max = 4096;       // requests that wait
  std::int32_t lanes_max = 64;        // sequences that run; at most the model's logit rows
  std::int32_t chunk_tokens = 128;    // of a prompt in one pass, while other streams run
  std::int32_t draft_tokens_max = 6;  // guesses a lane and pass; 0: none
  // Passes wider than this are bound by arithmetic, where a wrong guess costs as much as a right
  // one.
  std::int32_t draft_rows_max = 12;
  bool prefix_cache = true;
  bool mtp = true;  // guesses by the model's module of multi-token prediction, where it has one
};

// Instruments of one engine; those of a registry live as long as it does.
struct SchedulerMetrics {
  static SchedulerMetrics in(base::Metrics& metrics, std::string_view model);

  base::Gauge& queued;
  base::Gauge& running;
  base::Gauge& kv_blocks_used;
  base::Gauge& kv_blocks_cached;
  base::Gauge& kv_blocks;
  base::Counter& prompt_tokens;
  base::Counter& cached_tokens;
  base::Counter& generated_tokens;
  base::Counter& drafted_tokens;
  base::Counter& accepted_tokens;
  base::Counter& predicted_tokens;
  base::Counter& predicted_right;
  base::Counter& preemptions;
  base::Counter& refused;
  base::Histogram& pass_rows;
  base::Histogram& pass_seconds;
  base::Histogram& queue_seconds;
};

}  // namespace seine::engine
