#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace seine::base {
namespace {

TEST(Ids, Uuid7SortsByTimeAndCarriesItsVersion) {
  ManualClock clock;
  SeededRandom random(1);
  std::set<std::string> seen;
  std::string previous;
  for (int i = 0; i < 100; ++i) {
    const std::string id = make_uuid7(clock, random);
    EXPECT_EQ(id.size(), 36u);
    EXPECT_EQ(id[14], '7');
    EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
    EXPECT_GT(id, previous);
    EXPECT_TRUE(seen.insert(id).second);
    previous = id;
    clock.advance(std::chrono::milliseconds(1));
  }
  // RFC 9562, appendix A.6: 2022-02-22T19:22:22Z is 0x017F22E279B0 ms.
  ManualClock then(std::chrono::sys_days{std::chrono::year{2022} / 2 / 22} +
                   std::chrono::hours(18) + std::chrono::minutes(22) + std::chrono::seconds(22));
  EXPECT_TRUE(make_uuid7(then, random).starts_with("017f22e2-79b0-7"));
}

TEST(Ids, SecretsHold256Bits) {
  SystemRandom random;
  const std::string secret = make_secret("sk-", random);
  EXPECT_EQ(secret.size(), 3u + 43u);
  EXPECT_NE(secret, make_secret("sk-", random));
}

TEST(Ids, TraceparentRoundTripsAndRefusesBadOnes) {
  SeededRandom random(2);
  const TraceContext context = make_trace(random);
  const std::optional<TraceContext> parsed = parse_traceparent(context.to_header());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->trace_id, context.trace_id);
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  EXPECT_TRUE(parse_traceparent(good)->sampled);
  EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later"));
  for (const std::string_view bad : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                     "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                     "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                     "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"}) {
    EXPECT_FALSE(parse_traceparent(bad)) << bad;
  }
}

}  // namespace
}  // namespace seine::base
