#include "gateway/status.h"

#include <cmath>

#include "base/json.h"

namespace seine::gateway {
namespace {

using base::Json;

constexpr std::string_view kTypeNames[] = {"counter", "gauge", "histogram"};

Json series_json(const base::MetricSample& sample, base::MetricType type) {
  Json labels = Json::object();
  for (const auto& [key, value] : sample.labels) labels[key] = value;
  if (type != base::MetricType::kHistogram) return {{"labels", labels}, {"value", sample.value}};
  Json buckets = Json::array();
  for (std::size_t i = 0; i < sample.cumulative.size(); ++i) {
    const Json bound = i < sample.bounds.size() ? Json(sample.bounds[i]) : Json("+Inf");
    buckets.push_back(Json::array({bound, sample.cumulative[i]}));
  }
  return {{"labels", labels},
          {"count", sample.cumulative.back()},
          {"sum", sample.sum},
          {"buckets", buckets}};
}

}  // namespace

std::string_view check_status_name(CheckStatus status) {
  switch (status) {
    case CheckStatus::kOk:
      return "ok";
    case CheckStatus::kWarn:
      return "warn";
    case CheckStatus::kFail:
      return "fail";
  }
  return "fail";
}

Json to_json(const Check& check) {
  return {{"name", check.name},
          {"status", check_status_name(check.status)},
          {"message", {{"en", check.message_en}, {"zh", check.message_zh}}},
          {"fix", check.fix}};
}

Json to_json(const StatusFacts& facts, const std::vector<Check>& checks,
             const std::vector<base::MetricFamily>& metrics) {
  Json checks_json = Json::array();
  for (const Check& check : checks) checks_json.push_back(to_json(check));
  Json metrics_json = Json::array();
  for (const base::MetricFamily& family : metrics) {
    Json series = Json::array();
    for (const base::MetricSample& sample : family.samples)
      series.push_back(series_json(sample, family.type));
    metrics_json.push_back({{"name", family.name},
                            {"type", kTypeNames[static_cast<std::size_t>(family.type)]},
                            {"help", family.help},
                            {"series", std::move(series)}});
  }
  return {{"version", facts.version},
          {"commit", facts.commit},
          {"started_at", base::format_rfc3339(facts.started_at)},
          {"uptime_s", facts.uptime_s},
          {"listen", facts.listen},
          {"data_dir", facts.data_dir},
          {"data_bytes", facts.data_bytes},
          {"ready", facts.ready},
          {"pid", facts.pid},
          {"rss_bytes", facts.rss_bytes},
          {"cpu_s", facts.cpu_s},
          {"threads", facts.threads},
          {"log_level", facts.log_level},
          {"checks", std::move(checks_json)},
          {"metrics", std::move(metrics_json)}};
}

}  // namespace seine::gateway
