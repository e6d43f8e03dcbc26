#include "net/channel.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>
#include <vector>

namespace seine::net {
namespace {

constexpr base::Duration kPatience = std::chrono::seconds(20);

struct Taken {
  std::vector<int> items;
  bool closed = false;
  base::Error error;
};

asio::awaitable<void> take_all(Channel<int> channel, base::Duration wait, Taken* out) {
  for (;;) {
    auto item = co_await channel.pop(wait);
    if (!item) {
      out->error = item.error();
      co_return;
    }
    if (!*item) {
      out->closed = true;
      co_return;
    }
    out->items.push_back(**item);
  }
}

TEST(Channel, IsBoundedAndGivesBackWhatItRefuses) {
  asio::io_context context;
  Channel<std::unique_ptr<int>> channel(context.get_executor(), 1);
  auto one = std::make_unique<int>(1);
  auto two = std::make_unique<int>(2);
  EXPECT_EQ(channel.room(), 1u);
  EXPECT_EQ(channel.try_push(std::move(one)), base::QueueStatus::kOk);
  EXPECT_EQ(channel.try_push(std::move(two)), base::QueueStatus::kFull);
  EXPECT_EQ(*two, 2);
  channel.close();
  EXPECT_EQ(channel.try_push(std::move(two)), base::QueueStatus::kClosed);
}

TEST(Channel, CloseLeavesWhatIsInIt) {
  asio::io_context context;
  Channel<int> channel(context.get_executor(), 4);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(channel.try_push(int{i}), base::QueueStatus::kOk);
  channel.close();
  Taken taken;
  asio::co_spawn(context, take_all(channel, kPatience, &taken), asio::detached);
  context.run();
  EXPECT_EQ(taken.items, (std::vector{0, 1, 2}));
  EXPECT_TRUE(taken.closed);
}

TEST(Channel, AnEmptyOneHasADeadline) {
  asio::io_context context;
  Channel<int> channel(context.get_executor(), 1);
  Taken taken;
  asio::co_spawn(context, take_all(channel, base::Duration::zero(), &taken), asio::detached);
  context.run();
  EXPECT_EQ(taken.error.code, base::Code::kDeadlineExceeded);
}

// Every item of every producer arrives once, in its producer's order, whatever the interleaving.
TEST(Channel, CrossesThreadsWithoutLoss) {
  constexpr int kProducers = 4;
  constexpr int kItems = 5000;
  asio::io_context context;
  Channel<int> channel(context.get_executor(), 8);
  Taken taken;
  asio::co_spawn(context, take_all(channel, kPatience, &taken), asio::detached);
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([channel, p]() mutable {
      for (int i = 0; i < kItems;) {
        if (channel.try_push(p * kItems + i) == base::QueueStatus::kOk) {
          ++i;
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  std::thread consumer([&context] { context.run(); });
  for (std::thread& producer : producers) producer.join();
  channel.close();
  consumer.join();
  EXPECT_TRUE(taken.closed);
  ASSERT_EQ(taken.items.size(), std::size_t{kProducers} * kItems);
  std::vector<int> next(kProducers, 0);
  for (const int item : taken.items) EXPECT_EQ(item % kItems, next[item / kItems]++);
}

}  // namespace
}  // namespace seine::net
