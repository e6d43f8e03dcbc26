#include "gateway/access/rate_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace seine::gateway {
namespace {

// Keys are ours, so this many are not reached; a full bucket needs no memory.
constexpr std::size_t kKeysMax = 20'000;
constexpr double kMinuteSeconds = 60;

double seconds(base::Duration time) {
  return std::chrono::duration<double>(time).count();
}
base::Duration duration(double seconds) {
  return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds));
}

// Time for `missing` at a rate of `per_minute`.
base::Duration refill_time(double missing, std::uint32_t per_minute) {
  if (missing <= 0 || per_minute == 0) return base::Duration::zero();
  return duration(missing * kMinuteSeconds / per_minute);
}

}  // namespace

RateLimits::Buckets& RateLimits::buckets(const std::string& key, RateLimit limit,
                                         base::TimePoint now) {
  if (by_key_.size() >= kKeysMax && !by_key_.contains(key)) by_key_.clear();
  const auto [found, fresh] = by_key_.try_emplace(key);
  const auto refill = [&](Bucket& bucket, std::uint32_t per_minute) {
    const double more = fresh ? per_minute : seconds(now - bucket.at) * per_minute / kMinuteSeconds;
    bucket.level = std::min<double>(per_minute, bucket.level + more);
    bucket.at = now;
  };
  refill(found->second.requests, limit.requests_per_minute);
  refill(found->second.tokens, limit.tokens_per_minute);
  return found->second;
}

RateState RateLimits::admit(const std::string& key, RateLimit limit) {
  const base::TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  Buckets& held = buckets(key, limit, now);
  RateState state;
  if (limit.requests_per_minute != 0 && held.requests.level < 1) {
    state.admitted = false;
    state.refused_by = "requests";
    state.retry_after = refill_time(1 - held.requests.level, limit.requests_per_minute);
  } else if (limit.tokens_per_minute != 0 && held.tokens.level < 1) {
    state.admitted = false;
    state.refused_by = "tokens";
    state.retry_after = refill_time(1 - held.tokens.level, limit.tokens_per_minute);
  } else if (limit.requests_per_minute != 0) {
    held.requests.level -= 1;
  }
  state.requests_left = std::max<std::int64_t>(0, std::lround(std::floor(held.requests.level)));
  state.tokens_left = std::max<std::int64_t>(0, std::lround(std::floor(held.tokens.level)));
  state.requests_reset =
      refill_time(limit.requests_per_minute - held.requests.level, limit.requests_per_minute);
  state.tokens_reset =
      refill_time(limit.tokens_per_minute - held.tokens.level, limit.tokens_per_minute);
  return state;
}

void RateLimits::charge(const std::string& key, RateLimit limit, std::uint64_t tokens) {
  if (limit.tokens_per_minute == 0) return;
  const base::TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  buckets(key, limit, now).tokens.level -= static_cast<double>(tokens);
}

std::string format_reset(base::Duration wait) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  if (ms < 1000) return fmt::format("{}ms", ms);
  const auto s = (ms + 999) / 1000;
  return s < 60 ? fmt::format("{}s", s) : fmt::format("{}m{}s", s / 60, s % 60);
}

}  // namespace seine::gateway
