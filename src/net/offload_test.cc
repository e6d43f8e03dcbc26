#include "net/offload.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "net/detail/test_server.h"

namespace seine::net {
namespace {

struct Seen {
  std::unique_ptr<int> value;
  std::string thrown;
  std::thread::id worked_on;
  std::thread::id resumed_on;
  bool ended = false;
};

asio::awaitable<void> double_it(asio::any_io_executor pool, int number, Seen* seen) {
  seen->value = co_await offload(pool, [number, seen] {
    seen->worked_on = std::this_thread::get_id();
    return std::make_unique<int>(2 * number);
  });
  seen->resumed_on = std::this_thread::get_id();
}

asio::awaitable<void> fail_there(asio::any_io_executor pool, Seen* seen) {
  try {
    co_await offload(pool, [] { throw std::runtime_error("no luck"); });
  } catch (const std::runtime_error& error) {
    seen->thrown = error.what();
  }
}

asio::awaitable<void> wait_there(asio::any_io_executor pool, detail::Latch* entered,
                                 detail::Latch* go, Seen* seen) {
  co_await offload(pool, [entered, go] {
    entered->open();
    go->wait();
  });
  seen->resumed_on = std::this_thread::get_id();
  seen->ended = true;
}

TEST(Offload, WorksElsewhereAndComesHome) {
  asio::io_context context;
  asio::thread_pool pool(1);  // its threads end before the context that they post to
  Seen seen;
  asio::co_spawn(context, double_it(pool.get_executor(), 21, &seen), asio::detached);
  context.run();
  ASSERT_TRUE(seen.value);
  EXPECT_EQ(*seen.value, 42);
  EXPECT_NE(seen.worked_on, seen.resumed_on);
  EXPECT_EQ(seen.resumed_on, std::this_thread::get_id());
}

TEST(Offload, AnExceptionComesHomeToo) {
  asio::io_context context;
  asio::thread_pool pool(1);  // its threads end before the context that they post to
  Seen seen;
  asio::co_spawn(context, fail_there(pool.get_executor(), &seen), asio::detached);
  context.run();
  EXPECT_EQ(seen.thrown, "no luck");
}

// A cancellation while the work runs changes nothing about where the coroutine goes on.
TEST(Offload, ACancellationWaitsForTheWork) {
  for (int round = 0; round < 200; ++round) {
    asio::io_context context;
    asio::thread_pool pool(1);
    detail::Latch entered, go;
    Seen seen;
    asio::cancellation_signal leave;
    asio::co_spawn(context, wait_there(pool.get_executor(), &entered, &go, &seen),
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

}  // namespace
}  // namespace seine::net
