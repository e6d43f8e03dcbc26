#include "net/on_pool.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>
#include <thread>

#include "net/detail/test_server.h"

namespace seine::net {
namespace {

using base::Code;
using base::Result;

// One thread. Declared after the context: its thread ends before the context that it posts to.
struct TestPool {
  asio::thread_pool threads{1};
  bool full = false;

  template <typename Job, typename Done>
  Result<void> submit(Job job, Done done) {
    if (full) return base::fail(Code::kResourceExhausted, "the pool is full");
    asio::post(threads, [job = std::move(job), done = std::move(done)]() mutable { done(job()); });
    return {};
  }
};

struct Seen {
  Result<std::unique_ptr<int>> value = base::fail(Code::kUnknown, "not called");
  std::thread::id worked_on;
  std::thread::id resumed_on;
  bool ended = false;
};

asio::awaitable<void> double_it(TestPool* pool, int number, Seen* seen) {
  seen->value = co_await on_pool<std::unique_ptr<int>>(
      *pool, [number, seen]() -> Result<std::unique_ptr<int>> {
        seen->worked_on = std::this_thread::get_id();
        if (number == 0) return base::fail(Code::kOutOfRange, "no luck");
        return std::make_unique<int>(2 * number);
      });
  seen->resumed_on = std::this_thread::get_id();
}

asio::awaitable<void> wait_there(TestPool* pool, detail::Latch* entered, detail::Latch* go,
                                 Seen* seen) {
  (void)co_await on_pool<void>(*pool, [entered, go]() -> Result<void> {
    entered->open();
    go->wait();
    return {};
  });
  seen->resumed_on = std::this_thread::get_id();
  seen->ended = true;
}

TEST(OnPool, WorksElsewhereAndComesHome) {
  asio::io_context context;
  TestPool pool;
  Seen seen;
  asio::co_spawn(context, double_it(&pool, 21, &seen), asio::detached);
  context.run();
  ASSERT_TRUE(seen.value) << seen.value.error().to_string();
  EXPECT_EQ(**seen.value, 42);
  EXPECT_NE(seen.worked_on, seen.resumed_on);
  EXPECT_EQ(seen.resumed_on, std::this_thread::get_id());
}

TEST(OnPool, AnErrorComesHomeToo) {
  asio::io_context context;
  TestPool pool;
  Seen seen;
  asio::co_spawn(context, double_it(&pool, 0, &seen), asio::detached);
  context.run();
  EXPECT_EQ(seen.value.error().message, "no luck");
}

TEST(OnPool, APoolThatTakesNothingIsAnError) {
  asio::io_context context;
  TestPool pool;
  pool.full = true;
  Seen seen;
  asio::co_spawn(context, double_it(&pool, 21, &seen), asio::detached);
  context.run();
  EXPECT_EQ(seen.value.error().code, Code::kResourceExhausted);
  EXPECT_EQ(seen.worked_on, std::thread::id());
  EXPECT_EQ(seen.resumed_on, std::this_thread::get_id());
}

// A cancellation while the work runs changes nothing about where the coroutine goes on.
TEST(OnPool, ACancellationWaitsForTheWork) {
  for (int round = 0; round < 200; ++round) {
    asio::io_context context;
    TestPool pool;
    detail::Latch entered, go;
    Seen seen;
    asio::cancellation_signal leave;
    asio::co_spawn(context, wait_there(&pool, &entered, &go, &seen),
                   asio::bind_cancellation_slot(leave.slot(), asio::detached));
    context.poll();
    ASSERT_TRUE(entered.wait());
    go.open();  // the work ends while the cancellation is delivered
    leave.emit(asio::cancellation_type::terminal);
    context.restart();
    context.run();
    EXPECT_TRUE(seen.ended);
    EXPECT_EQ(seen.resumed_on, std::this_thread::get_id());
  }
}

// What still waits when its context is stopped goes with the context, on the thread that ends it.
TEST(OnPool, AStoppedContextTakesItsWaitersAlong) {
  const auto held = std::make_shared<int>(0);
  {
    asio::io_context context;
    detail::Latch entered, go;
    Seen seen;
    {
      TestPool pool;
      asio::co_spawn(
          context,
          [](TestPool* on, detail::Latch* in, detail::Latch* out, Seen* saw,
             std::shared_ptr<int> keep) -> asio::awaitable<void> {
            co_await wait_there(on, in, out, saw);
            ++*keep;
          }(&pool, &entered, &go, &seen, held),
          asio::detached);
      context.poll();
      ASSERT_TRUE(entered.wait());
      context.stop();
      go.open();
    }
    EXPECT_FALSE(seen.ended);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
}

}  // namespace
}  // namespace seine::net
