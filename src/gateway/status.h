// What the service says about itself: the facts and checks behind GET /api/status, `seine doctor`
// and the start-up report. Plain values and their JSON; collects nothing itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/language.h"
#include "base/metrics.h"

namespace seine::gateway {

enum class CheckStatus : std::uint8_t { kOk, kWarn, kFail };
std::string_view check_status_name(CheckStatus status);

struct Check {
  std::string name;
  CheckStatus status = CheckStatus::kOk;
  std::string message_en;
  std::string message_zh;
  std::string fix = {};  // the command that mends it

  const std::string& message(base::Language language) const {
    return language == base::Language::kChinese ? message_zh : message_en;
  }
};

struct StatusFacts {
  std::string version;
  std::string commit;
  base::WallTime started_at;
  double uptime_s = 0;
  std::vector<std::string> listen;  // URLs
  std::string data_dir;
  std::uint64_t data_bytes = 0;
  bool ready = false;
  int pid = 0;
  std::uint64_t rss_bytes = 0;
  double cpu_s = 0;
  std::uint64_t threads = 0;
  std::string log_level;
};

base::Json to_json(const Check& check);
base::Json to_json(const StatusFacts& facts, const std::vector<Check>& checks,
                   const std::vector<base::MetricFamily>& metrics);

}  // namespace seine::gateway
