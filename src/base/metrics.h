// Metrics registry: counters, gauges and histograms with labels, exact under threads, written out
// in Prometheus text format 0.0.4 or read as a snapshot. A component asks once for the instruments
// it needs (that takes a lock) and keeps the references, which live as long as the registry;
// updates are single atomic operations.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seine::base {

class Counter {
 public:
  void add(double amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  // Upper bounds, rising; +Inf is implied.
  explicit Histogram(std::span<const double> bounds);
  void observe(double value);

  std::span<const double> bounds() const { return bounds_; }
  // Cumulative counts, one per bound and the last for +Inf.
  std::vector<std::uint64_t> cumulative() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;  // bounds_.size() + 1, not cumulative
  std::atomic<double> sum_{0};
};

// 1 ms to 60 s, for requests.
std::span<const double> latency_buckets_s();

using Labels = std::vector<std::pair<std::string, std::string>>;
enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };

struct MetricSample {
  Labels labels = {};
  double value = 0;                            // counter, gauge
  std::vector<double> bounds = {};             // histogram
  std::vector<std::uint64_t> cumulative = {};  // histogram
  double sum = 0;                              // histogram
};

struct MetricFamily {
  std::string name;
  std::string help;
  MetricType type;
  std::vector<MetricSample> samples;
};

class Metrics {
 public:
  // Series a family may have. Past it, updates go to one series whose label values are all "other":
  // a label that takes its values from outside cannot exhaust memory.
  static constexpr std::size_t kSeriesMax = 1000;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Names follow Prometheus: counters end in _total, base units (_seconds, _bytes) last. Asking
  // again with the same name and labels gives the same instrument; with another type it is a broken
  // invariant.
  Counter& counter(std::string_view name, std::string_view help, Labels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, Labels labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                       Labels labels = {});
  // A value read when the metrics are, for what the system already counts. The function must be
  // safe on any thread.
  void gauge_function(std::string_view name, std::string_view help, std::function<double()> read);
  void counter_function(std::string_view name, std::string_view help, std::function<double()> read);

  // Families by name, series in order of creation.
  std::vector<MetricFamily> snapshot() const;
  std::string to_prometheus() const;

 private:
  struct Family;
  Family& family(std::string_view name, std::string_view help, MetricType type);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
};

}  // namespace seine::base
