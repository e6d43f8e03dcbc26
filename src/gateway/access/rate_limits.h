// Requests and tokens a minute, per key, in this process: buckets that hold one minute's worth and
// refill evenly. A request must find its share of the request bucket and a token bucket that is not
// empty; what an answer really used is taken afterwards, so that a bucket may run into debt that
// the next minute pays. Safe on any thread, never blocks for more than a short lock.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace seine::gateway {

struct RateLimit {
  std::uint32_t requests_per_minute = 0;  // 0: no limit
  std::uint32_t tokens_per_minute = 0;
};

struct RateState {
  bool admitted = true;
  // Which limit refused: "requests" or "tokens".
  const char* refused_by = "";
  std::int64_t requests_left = 0;
  std::int64_t tokens_left = 0;
  base::Duration requests_reset{};  // until the bucket is full again
  base::Duration tokens_reset{};
  base::Duration retry_after{};  // until a request can be admitted; zero when admitted
};

class RateLimits {
 public:
  explicit RateLimits(const base::Clock& clock) : clock_(clock) {}

  // Takes one request, if it is admitted.
  RateState admit(const std::string& key, RateLimit limit);
  // Takes what an answer used.
  void charge(const std::string& key, RateLimit limit, std::uint64_t tokens);

 private:
  struct Bucket {
    double level = 0;
    base::TimePoint at;
  };
  struct Buckets {
    Bucket requests;
    Bucket tokens;
  };
  Buckets& buckets(const std::string& key, RateLimit limit, base::TimePoint now);

  const base::Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Buckets> by_key_;
};

// "1s", "6m0s", "120ms": as x-ratelimit-reset-* has it.
std::string format_reset(base::Duration wait);

}  // namespace seine::gateway
