#include "base/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/assert.h"

namespace seine::base {

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()), counts_(bounds.size() + 1) {
  SEINE_ASSERT(std::ranges::is_sorted(bounds_), "histogram bounds rise");
}

void Histogram::observe(double value) {
  const auto bound = std::ranges::lower_bound(bounds_, value);
  counts_[static_cast<std::size_t>(bound - bounds_.begin())].fetch_add(1,
                                                                       std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<std::uint64_t> Histogram::cumulative() const {
  std::vector<std::uint64_t> out;
  out.reserve(counts_.size());
  std::uint64_t total = 0;
  for (const auto& count : counts_) out.push_back(total += count.load(std::memory_order_relaxed));
  return out;
}

std::span<const double> latency_buckets_s() {
  static constexpr std::array kBounds = {.001, .0025, .005, .01, .025, .05, .1, .25,
                                         .5,   1.,    2.5,  5.,  10.,  30., 60.};
  return kBounds;
}

struct Metrics::Family {
  template <typename T>
  using Series = std::map<Labels, std::unique_ptr<T>>;

  std::string help;
  MetricType type;
  Series<Counter> counters;
  Series<Gauge> gauges;
  Series<Histogram> histograms;
  std::function<double()> read;

  template <typename T, typename Make>
  T& at(Series<T>& series, Labels labels, Make make) {
    if (series.size() >= kSeriesMax && !series.contains(labels)) {
      for (auto& label : labels) label.second = "other";
    }
    std::unique_ptr<T>& slot = series[std::move(labels)];
    if (!slot) slot = make();
    return *slot;
  }
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

static bool is_metric_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == ':';
         });
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, MetricType type) {
  SEINE_ASSERT(is_metric_name(name), "metric names are [a-zA-Z_:][a-zA-Z0-9_:]*");
  auto found = families_.find(name);
  if (found == families_.end()) {
    auto fresh = std::make_unique<Family>();
    fresh->help = help;
    fresh->type = type;
    found = families_.emplace(std::string(name), std::move(fresh)).first;
  }
  SEINE_ASSERT(found->second->type == type, "one metric name has one type");
  return *found->second;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  Family& f = family(name, help, MetricType::kCounter);
  return f.at(f.counters, std::move(labels), [] { return std::make_unique<Counter>(); });
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, Labels labels) {
  const std::lock_guard lock(mutex_);
  Family& f = family(name, help, MetricType::kGauge);
  return f.at(f.gauges, std::move(labels), [] { return std::make_unique<Gauge>(); });
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              std::span<const double> bounds, Labels labels) {
  const std::lock_guard lock(mutex_);
  Family& f = family(name, help, MetricType::kHistogram);
  return f.at(f.histograms, std::move(labels), [&] { return std::make_unique<Histogram>(bounds); });
}

void Metrics::gauge_function(std::string_view name, std::string_view help,
                             std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  family(name, help, MetricType::kGauge).read = std::move(read);
}

void Metrics::counter_function(std::string_view name, std::string_view help,
                               std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  family(name, help, MetricType::kCounter).read = std::move(read);
}

std::vector<MetricFamily> Metrics::snapshot() const {
  const std::lock_guard lock(mutex_);
  std::vector<MetricFamily> out;
  out.reserve(families_.size());
  for (const auto& [name, f] : families_) {
    MetricFamily& family = out.emplace_back(MetricFamily{name, f->help, f->type, {}});
    for (const auto& [labels, counter] : f->counters) {
      family.samples.push_back({.labels = labels, .value = counter->value()});
    }
    for (const auto& [labels, gauge] : f->gauges) {
      family.samples.push_back({.labels = labels, .value = gauge->value()});
    }
    if (f->read) family.samples.push_back({.value = f->read()});
    for (const auto& [labels, histogram] : f->histograms) {
      family.samples.push_back({.labels = labels,
                                .bounds = {histogram->bounds().begin(), histogram->bounds().end()},
                                .cumulative = histogram->cumulative(),
                                .sum = histogram->sum()});
    }
  }
  return out;
}

namespace {

// Label values escape backslash, quote and newline; help texts backslash and newline (text format,
// "Comments").
std::string escape(std::string_view text, bool quote) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quote) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string format_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

std::string format_labels(const Labels& labels, std::string_view le = {}) {
  if (labels.empty() && le.empty()) return {};
  std::string out = "{";
  for (const auto& [key, value] : labels) {
    if (out.size() > 1) out += ',';
    fmt::format_to(std::back_inserter(out), "{}=\"{}\"", key, escape(value, true));
  }
  if (!le.empty()) {
    if (out.size() > 1) out += ',';
    fmt::format_to(std::back_inserter(out), "le=\"{}\"", le);
  }
  return out + "}";
}

constexpr std::array<std::string_view, 3> kTypeNames = {"counter", "gauge", "histogram"};

void append_sample(std::string& out, const MetricFamily& family, const MetricSample& sample) {
  auto to = std::back_inserter(out);
  if (family.type != MetricType::kHistogram) {
    fmt::format_to(to, "{}{} {}\n", family.name, format_labels(sample.labels),
                   format_value(sample.value));
    return;
  }
  for (std::size_t i = 0; i < sample.cumulative.size(); ++i) {
    const std::string le = i < sample.bounds.size() ? format_value(sample.bounds[i]) : "+Inf";
    fmt::format_to(to, "{}_bucket{} {}\n", family.name, format_labels(sample.labels, le),
                   sample.cumulative[i]);
  }
  const std::string labels = format_labels(sample.labels);
  fmt::format_to(to, "{}_sum{} {}\n", family.name, labels, format_value(sample.sum));
  fmt::format_to(to, "{}_count{} {}\n", family.name, labels, sample.cumulative.back());
}

}  // namespace

std::string Metrics::to_prometheus() const {
  std::string out;
  for (const MetricFamily& family : snapshot()) {
    fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", family.name,
                   escape(family.help, false), family.name,
                   kTypeNames[static_cast<std::size_t>(family.type)]);
    for (const MetricSample& sample : family.samples) append_sample(out, family, sample);
  }
  return out;
}

}  // namespace seine::base
