#include "gateway/idempotency.h"

#include <gtest/gtest.h>

namespace seine::gateway {
namespace {

TEST(Idempotency, TheFirstAnswersForAll) {
  base::ManualClock clock;
  Idempotency keys(clock);
  EXPECT_EQ(*keys.begin("k", "body"), std::nullopt);
  EXPECT_EQ(keys.begin("k", "body").error().code, base::Code::kAborted);
  keys.complete("k", "answer");
  EXPECT_EQ(*keys.begin("k", "body"), "answer");
  EXPECT_EQ(keys.begin("k", "other").error().code, base::Code::kInvalidArgument);
  clock.advance(Idempotency::kKept);
  EXPECT_EQ(*keys.begin("k", "other"), std::nullopt);
}

TEST(Idempotency, AnAbandonedKeyIsFree) {
  base::ManualClock clock;
  Idempotency keys(clock);
  EXPECT_EQ(*keys.begin("k", "body"), std::nullopt);
  keys.abandon("k");
  EXPECT_EQ(*keys.begin("k", "body"), std::nullopt);
  keys.complete("k", "answer");
  keys.abandon("k");  // too late: the answer stays
  EXPECT_EQ(*keys.begin("k", "body"), "answer");
}

TEST(Idempotency, KeepsWithinItsBounds) {
  base::ManualClock clock;
  Idempotency keys(clock);
  for (std::size_t i = 0; i < Idempotency::kEntriesMax + 10; ++i) {
    const std::string key = std::to_string(i);
    ASSERT_EQ(*keys.begin(key, "b"), std::nullopt);
    keys.complete(key, "answer");
  }
  EXPECT_EQ(*keys.begin("0", "b"), std::nullopt) << "the oldest went";
  EXPECT_EQ(*keys.begin(std::to_string(Idempotency::kEntriesMax + 9), "b"), "answer");

  Idempotency large(clock);
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(*large.begin(std::to_string(i), "b"), std::nullopt);
    large.complete(std::to_string(i), std::string(1 << 20, 'x'));
  }
  EXPECT_EQ(*large.begin("0", "b"), std::nullopt);
  EXPECT_TRUE((*large.begin("39", "b")).has_value());
}

TEST(Idempotency, RunningOnesAreBounded) {
  base::ManualClock clock;
  Idempotency keys(clock);
  for (std::size_t i = 0; i < Idempotency::kEntriesMax; ++i) {
    ASSERT_EQ(*keys.begin(std::to_string(i), "b"), std::nullopt);
  }
  EXPECT_EQ(keys.begin("more", "b").error().code, base::Code::kResourceExhausted);
}

}  // namespace
}  // namespace seine::gateway
