#include "server/calls.h"

#include <gtest/gtest.h>

#include <boost/asio/this_coro.hpp>
#include <future>
#include <optional>

#include "net/event.h"

namespace seine::server {
namespace {

namespace asio = boost::asio;

// Waits for what never comes, twice: a cancellation must end both waits, and throw in neither.
asio::awaitable<void> wait_forever(std::promise<int>& ended) {
  net::Event never(co_await asio::this_coro::executor);
  int cancelled = 0;
  for (int i = 0; i < 2; ++i) {
    if (co_await never.wait() == net::Event::Outcome::kCancelled) ++cancelled;
    if (cancelled == 1) break;
  }
  ended.set_value(cancelled);
}

asio::awaitable<void> say(std::promise<int>& ended, int value) {
  ended.set_value(value);
  co_return;
}

class CallsTest : public ::testing::Test {
 protected:
  base::SystemClock clock_;
  net::Runtime runtime_{2, clock_};
};

TEST_F(CallsTest, RunsWork) {
  std::promise<int> ended;
  Calls calls(runtime_);
  calls.start([&ended] { return say(ended, 7); });
  EXPECT_EQ(ended.get_future().get(), 7);
}

TEST_F(CallsTest, AStopEndsACall) {
  std::promise<int> ended;
  std::stop_source stop;
  Calls calls(runtime_);
  calls.start([&ended] { return wait_forever(ended); }, stop.get_token());
  stop.request_stop();
  EXPECT_EQ(ended.get_future().get(), 1);
}

TEST_F(CallsTest, AStopThatCameBeforeEndsItToo) {
  std::promise<int> ended;
  std::stop_source stop;
  stop.request_stop();
  Calls calls(runtime_);
  calls.start([&ended] { return wait_forever(ended); }, stop.get_token());
  EXPECT_EQ(ended.get_future().get(), 1);
}

TEST_F(CallsTest, TheDestructorEndsAndAwaitsAll) {
  std::vector<std::promise<int>> ended(64);
  {
    Calls calls(runtime_);
    for (std::promise<int>& promise : ended) {
      calls.start([&promise] { return wait_forever(promise); });
    }
  }
  for (std::promise<int>& promise : ended) {
    std::future<int> future = promise.get_future();
    ASSERT_EQ(future.wait_for(std::chrono::seconds(0)), std::future_status::ready);
    EXPECT_EQ(future.get(), 1);
  }
}

}  // namespace
}  // namespace seine::server
