// Pacer: when the next request to a site may go out: a rate with a small burst, rests that the site
// asked for (Retry-After), back-off with jitter after 429 and 503, and a circuit breaker after
// failures in a row. Pure bookkeeping over the times it is given; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/random.h"

namespace seine::web {

struct PacerLimits {
  double rate = 1;                 // requests a second
  std::uint32_t burst = 4;         // that may go out at once after a pause
  std::uint32_t failures_max = 5;  // in a row, before the site rests
  std::chrono::milliseconds rest_min{2'000};
  std::chrono::milliseconds rest_max{600'000};
};

class Pacer {
 public:
  explicit Pacer(PacerLimits limits) : limits_(limits) {}

  // When the request may go out, at or after `now`; takes the place unless that is past `latest`.
  std::optional<base::TimePoint> reserve(base::TimePoint now, base::TimePoint latest);
  void succeeded();
  // `asked`: what the site asked for. A refusal is 429 or 503; other failures count towards the
  // breaker only.
  void refused(base::TimePoint now, std::optional<std::chrono::seconds> asked,
               base::Random& random);
  void failed(base::TimePoint now, base::Random& random);
  bool resting(base::TimePoint now) const { return now < rest_until_; }
  bool idle(base::TimePoint now) const { return now >= rest_until_ && now >= next_; }
  void set_rate(double rate) { limits_.rate = rate; }

 private:
  void rest(base::TimePoint now, base::Random& random);

  PacerLimits limits_;
  base::TimePoint next_{};  // theoretical arrival time of the next request at the even rate
  base::TimePoint rest_until_{};
  std::uint32_t failures_ = 0;
  std::uint32_t rests_ = 0;
};

}  // namespace seine::web
