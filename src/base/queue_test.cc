#include "base/queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace seine::base {
namespace {

TEST(BoundedQueue, RefusesWhatDoesNotFitAndLeavesItWithTheCaller) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_EQ(queue.try_push(std::move(first)), QueueStatus::kOk);
  EXPECT_EQ(queue.try_push(std::move(second)), QueueStatus::kFull);
  EXPECT_EQ(*second, 2);
}

TEST(BoundedQueue, CloseDrainsThenEnds) {
  BoundedQueue<int> queue(2);
  EXPECT_EQ(queue.try_push(1), QueueStatus::kOk);
  queue.close();
  EXPECT_EQ(queue.try_push(2), QueueStatus::kClosed);
  int out = 0;
  EXPECT_EQ(queue.try_pop(out), QueueStatus::kOk);
  EXPECT_EQ(out, 1);
  EXPECT_EQ(queue.pop(out, Deadline::never()), QueueStatus::kClosed);
}

TEST(BoundedQueue, WaitsEndAtTheDeadline) {
  BoundedQueue<int> queue(1);
  int out = 0;
  const Deadline past = Deadline::at(std::chrono::steady_clock::now());
  EXPECT_EQ(queue.pop(out, past), QueueStatus::kTimeout);
  EXPECT_EQ(queue.try_push(1), QueueStatus::kOk);
  EXPECT_EQ(queue.push(2, past), QueueStatus::kTimeout);
}

TEST(BoundedQueue, ClosingWakesWaiters) {
  BoundedQueue<int> queue(1);
  std::jthread consumer([&queue] {
    int out = 0;
    EXPECT_EQ(queue.pop(out, Deadline::never()), QueueStatus::kClosed);
  });
  queue.close();
}

// Every item arrives exactly once, and each producer's items stay in order.
TEST(BoundedQueue, ManyProducersManyConsumersLoseNothing) {
  constexpr int kProducers = 4;
  constexpr int kEach = 5000;
  BoundedQueue<std::pair<int, int>> queue(16);
  std::vector<std::vector<std::pair<int, int>>> seen(3);
  {
    std::vector<std::jthread> consumers;
    for (auto& mine : seen) {
      consumers.emplace_back([&queue, &mine] {
        std::pair<int, int> item;
        while (queue.pop(item, Deadline::never()) == QueueStatus::kOk) mine.push_back(item);
      });
    }
    {
      std::vector<std::jthread> producers;
      for (int p = 0; p < kProducers; ++p) {
        producers.emplace_back([&queue, p] {
          for (int i = 0; i < kEach; ++i)
            ASSERT_EQ(queue.push({p, i}, Deadline::never()), QueueStatus::kOk);
        });
      }
    }
    queue.close();
  }
  std::vector<int> counts(kProducers);
  for (const auto& mine : seen) {
    std::vector<int> last(kProducers, -1);
    for (const auto& [p, i] : mine) {
      EXPECT_GT(i, last[static_cast<std::size_t>(p)]);
      last[static_cast<std::size_t>(p)] = i;
      ++counts[static_cast<std::size_t>(p)];
    }
  }
  EXPECT_EQ(counts, std::vector<int>(kProducers, kEach));
}

}  // namespace
}  // namespace seine::base
