#include "base/clock.h"

#include <gtest/gtest.h>

namespace seine::base {
namespace {

using namespace std::chrono_literals;

TEST(Clock, ManualClockMovesBothTimesTogether) {
  ManualClock clock;
  const TimePoint start = clock.now();
  EXPECT_EQ(format_rfc3339(clock.wall()), "2026-01-01T01:00:00.000Z");
  clock.advance(1500ms);
  EXPECT_EQ(clock.now() - start, 1500ms);
  EXPECT_EQ(format_rfc3339(clock.wall()), "2026-01-01T01:00:01.500Z");
}

TEST(Clock, SystemClockIsMonotonic) {
  const SystemClock clock;
  const TimePoint first = clock.now();
  EXPECT_GE(clock.now(), first);
}

TEST(Deadline, ExpiresAndTellsWhatRemains) {
  ManualClock clock;
  const Deadline deadline = Deadline::after(clock, 2s);
  EXPECT_EQ(deadline.remaining(clock), 2s);
  clock.advance(1s);
  EXPECT_FALSE(deadline.expired(clock));
  clock.advance(1s);
  EXPECT_TRUE(deadline.expired(clock));
  EXPECT_EQ(deadline.remaining(clock), 0s);
}

TEST(Deadline, NeverAndHugeWaitsDoNotOverflow) {
  ManualClock clock;
  EXPECT_TRUE(Deadline::after(clock, Duration::max()).is_never());
  EXPECT_EQ(Deadline::never().remaining(clock), Duration::max());
  const Deadline soon = Deadline::after(clock, 1s);
  EXPECT_EQ(soon.earlier_of(Deadline::never()), soon);
  EXPECT_EQ(Deadline::never().earlier_of(soon), soon);
}

}  // namespace
}  // namespace seine::base
