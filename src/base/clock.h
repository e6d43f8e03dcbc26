// Time as a constructor argument. A component takes `Clock&` and never reads the system's clock
// itself, so a test drives it with ManualClock. Both clocks are safe on any thread. Intervals use
// `now` (monotonic); `wall` is for showing and storing only and never crosses into an interval.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace seine::base {

using Duration = std::chrono::nanoseconds;
using TimePoint = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::microseconds>;

// Microseconds since 1970: how times are stored.
constexpr std::int64_t to_us(WallTime time) {
  return time.time_since_epoch().count();
}
constexpr WallTime from_us(std::int64_t us) {
  return WallTime(std::chrono::microseconds(us));
}

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

// Stands still until told to advance. Starts at 2026-01-01T00:00:00Z unless told otherwise.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = std::chrono::sys_days{std::chrono::year{2026} / 1 / 1})
      : start_(start) {}

  TimePoint now() const override { return TimePoint{} + Duration{elapsed_ns_.load()}; }
  WallTime wall() const override {
    return start_ + std::chrono::floor<std::chrono::microseconds>(Duration{elapsed_ns_.load()});
  }
  void advance(Duration by) { elapsed_ns_ += by.count(); }

 private:
  WallTime start_;
  std::atomic<Duration::rep> elapsed_ns_{std::chrono::nanoseconds(std::chrono::hours(1)).count()};
};

// A moment after which waiting is pointless; passed along with a call. `never()` exists for local
// waits that something else bounds.
class Deadline {
 public:
  static Deadline never() { return Deadline(TimePoint::max()); }
  static Deadline at(TimePoint when) { return Deadline(when); }
  static Deadline after(const Clock& clock, Duration wait) {
    const TimePoint now = clock.now();
    return Deadline(wait >= TimePoint::max() - now ? TimePoint::max() : now + wait);
  }

  TimePoint when() const { return when_; }
  bool is_never() const { return when_ == TimePoint::max(); }
  bool expired(const Clock& clock) const { return clock.now() >= when_; }
  // Zero when it has passed; Duration::max() for never.
  Duration remaining(const Clock& clock) const {
    if (is_never()) return Duration::max();
    const TimePoint now = clock.now();
    return now >= when_ ? Duration::zero() : when_ - now;
  }
  Deadline earlier_of(Deadline other) const { return when_ <= other.when_ ? *this : other; }

  bool operator==(const Deadline&) const = default;

 private:
  explicit Deadline(TimePoint when) : when_(when) {}
  TimePoint when_;
};

// RFC 3339 in UTC with milliseconds: 2026-01-02T03:04:05.678Z.
std::string format_rfc3339(WallTime time);

}  // namespace seine::base
