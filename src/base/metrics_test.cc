#include "base/metrics.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

namespace seine::base {
namespace {

TEST(Metrics, WritesPrometheusText) {
  Metrics metrics;
  metrics.counter("seine_pages_total", "Pages read.", {{"verdict", "ok"}}).add(3);
  metrics.gauge("seine_queue", "Items \\ waiting.\nNow.").set(2.5);
  metrics.gauge_function("seine_up", "One.", [] { return 1.0; });
  metrics.counter_function("seine_seconds_total", "Time.", [] { return 0.5; });
  constexpr std::array kBounds = {.1, 1.};
  Histogram& h = metrics.histogram("seine_wait_seconds", "Wait.", kBounds, {{"q", "a\"b\\"}});
  h.observe(.1);  // bounds are inclusive
  h.observe(.5);
  h.observe(7);
  EXPECT_EQ(
      metrics.to_prometheus(),
      "# HELP seine_pages_total Pages read.\n# TYPE seine_pages_total counter\n"
      "seine_pages_total{verdict=\"ok\"} 3\n"
      "# HELP seine_queue Items \\\\ waiting.\\nNow.\n# TYPE seine_queue gauge\nseine_queue 2.5\n"
      "# HELP seine_up One.\n# TYPE seine_up gauge\nseine_up 1\n"
      "# HELP seine_wait_seconds Wait.\n# TYPE seine_wait_seconds histogram\n"
      "seine_wait_seconds_bucket{q=\"a\\\"b\\\\\",le=\"0.1\"} 1\n"
      "seine_wait_seconds_bucket{q=\"a\\\"b\\\\\",le=\"1\"} 2\n"
      "seine_wait_seconds_bucket{q=\"a\\\"b\\\\\",le=\"+Inf\"} 3\n"
      "seine_wait_seconds_sum{q=\"a\\\"b\\\\\"} 7.6\n"
      "seine_wait_seconds_count{q=\"a\\\"b\\\\\"} 3\n");
}

TEST(Metrics, SameNameAndLabelsAreTheSameInstrument) {
  Metrics metrics;
  Counter& a = metrics.counter("c_total", "C.", {{"k", "1"}});
  Counter& b = metrics.counter("c_total", "C.", {{"k", "1"}});
  Counter& c = metrics.counter("c_total", "C.", {{"k", "2"}});
  EXPECT_EQ(&a, &b);
  EXPECT_NE(&a, &c);
}

TEST(Metrics, SeriesAreBounded) {
  Metrics metrics;
  for (std::size_t i = 0; i < Metrics::kSeriesMax + 50; ++i) {
    metrics.counter("c_total", "C.", {{"k", std::to_string(i)}}).add();
  }
  const MetricFamily family = metrics.snapshot().at(0);
  EXPECT_EQ(family.samples.size(), Metrics::kSeriesMax + 1);
  double total = 0;
  for (const MetricSample& sample : family.samples) total += sample.value;
  EXPECT_EQ(total, Metrics::kSeriesMax + 50) << "nothing is lost, only its label";
}

TEST(Metrics, ExactUnderThreads) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&metrics] {
        Counter& counter = metrics.counter("n_total", "N.");
        Histogram& histogram = metrics.histogram("h_seconds", "H.", latency_buckets_s());
        for (int i = 0; i < 10'000; ++i) {
          counter.add();
          histogram.observe(.25);
        }
      });
    }
  }
  EXPECT_EQ(metrics.counter("n_total", "N.").value(), 40'000);
  Histogram& histogram = metrics.histogram("h_seconds", "H.", latency_buckets_s());
  EXPECT_EQ(histogram.cumulative().back(), 40'000u);
  EXPECT_EQ(histogram.sum(), 10'000);
}

}  // namespace
}  // namespace seine::base
