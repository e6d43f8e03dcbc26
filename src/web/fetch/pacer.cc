#include "web/fetch/pacer.h"

#include <algorithm>

namespace seine::web {

std::optional<base::TimePoint> Pacer::reserve(base::TimePoint now, base::TimePoint latest) {
  const auto interval = limits_.rate > 0 ? std::chrono::duration_cast<base::Duration>(
                                               std::chrono::duration<double>(1.0 / limits_.rate))
                                         : base::Duration::zero();
  // The generic cell rate algorithm: a request may come `burst - 1` intervals early.
  const base::Duration slack = interval * (std::max(limits_.burst, 1u) - 1);
  base::TimePoint next = std::max(next_, now);
  const base::TimePoint at = std::max({now, next - slack, rest_until_});
  if (at > latest) return std::nullopt;
  next_ = std::max(next, at) + interval;
  return at;
}

void Pacer::succeeded() {
  failures_ = 0;
  rests_ = 0;
}

void Pacer::rest(base::TimePoint now, base::Random& random) {
  const auto most = limits_.rest_min * (std::int64_t{1} << std::min(rests_, 20u));
  const auto capped = std::min<std::chrono::milliseconds>(most, limits_.rest_max);
  // Half fixed, half random, so that those who failed together do not come back together.
  const auto half = capped / 2;
  const auto jitter = std::chrono::milliseconds(
      random.below(static_cast<std::uint64_t>(std::max<std::int64_t>(half.count(), 1))));
  rest_until_ = std::max(rest_until_, now + half + jitter);
  ++rests_;
}

void Pacer::refused(base::TimePoint now, std::optional<std::chrono::seconds> asked,
                    base::Random& random) {
  if (asked) {
    rest_until_ = std::max(rest_until_, now + *asked);
    ++rests_;
    return;
  }
  rest(now, random);
}

void Pacer::failed(base::TimePoint now, base::Random& random) {
  if (++failures_ < limits_.failures_max) return;
  failures_ = 0;
  rest(now, random);
}

}  // namespace seine::web
