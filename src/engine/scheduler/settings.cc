#include "engine/scheduler/settings.h"

#include <array>
#include <string>

namespace seine::engine {

SchedulerMetrics SchedulerMetrics::in(base::Metrics& metrics, std::string_view model) {
  static constexpr std::array kRows = {1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0};
  static constexpr std::array kPassSeconds = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05,
                                              0.1,   0.2,   0.5,   1.0,  2.0,  5.0};
  const base::Labels labels = {{"model", std::string(model)}};
  const auto gauge = [&](std::string_view name, std::string_view help) -> base::Gauge& {
    return metrics.gauge(name, help, labels);
  };
  const auto counter = [&](std::string_view name, std::string_view help) -> base::Counter& {
    return metrics.counter(name, help, labels);
  };
  return {
      .queued = gauge("seine_engine_requests_queued", "Requests that wait for room."),
      .running = gauge("seine_engine_requests_running", "Requests in the running batch."),
      .kv_blocks_used = gauge("seine_engine_kv_blocks_used", "KV blocks that requests hold."),
      .kv_blocks_cached =
          gauge("seine_engine_kv_blocks_cached", "KV blocks that only the prefix cache holds."),
      .kv_blocks = gauge("seine_engine_kv_blocks", "KV blocks in all."),
      .prompt_tokens = counter("seine_engine_prompt_tokens_total", "Tokens of prompts."),
      .cached_tokens = counter("seine_engine_cached_tokens_total",
                               "Tokens of prompts that the prefix cache had."),
      .generated_tokens = counter("seine_engine_generated_tokens_total", "Tokens generated."),
      .drafted_tokens = counter("seine_engine_drafted_tokens_total", "Tokens guessed ahead."),
      .accepted_tokens =
          counter("seine_engine_accepted_tokens_total", "Guessed tokens that were right."),
      .predicted_tokens = counter("seine_engine_mtp_drafted_tokens_total",
                                  "Of the guessed tokens, those of the model's own module."),
      .predicted_right =
          counter("seine_engine_mtp_accepted_tokens_total", "Of those, the ones that were right."),
      .preemptions =
          counter("seine_engine_preemptions_total", "Requests set back for want of room."),
      .refused =
          counter("seine_engine_refused_total", "Requests refused because the queue was full."),
      .pass_rows =
          metrics.histogram("seine_engine_pass_rows", "Rows of a forward pass.", kRows, labels),
      .pass_seconds = metrics.histogram("seine_engine_pass_seconds", "Time of a forward pass.",
                                        kPassSeconds, labels),
      .queue_seconds =
          metrics.histogram("seine_engine_queue_seconds", "Time from arrival to the first pass.",
                            base::latency_buckets_s(), labels),
  };
}

}  // namespace seine::engine
