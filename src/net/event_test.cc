#include "net/event.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

namespace seine::net {
namespace {

asio::awaitable<void> wait_into(Event* event, base::Duration wait,
                                std::vector<Event::Outcome>* out) {
  out->push_back(co_await event->wait_for(wait));
}

struct EventFixture {
  asio::io_context context;
  Event event{context.get_executor()};
  std::vector<Event::Outcome> outcomes;

  void start(base::Duration wait = base::Duration::max()) {
    asio::co_spawn(context, wait_into(&event, wait, &outcomes), asio::detached);
  }
};

TEST(Event, WakesItsWaiter) {
  EventFixture fix;
  fix.start();
  fix.context.poll();
  EXPECT_TRUE(fix.outcomes.empty());
  fix.event.set();
  fix.context.run();
  EXPECT_EQ(fix.outcomes, std::vector{Event::Outcome::kSet});
  EXPECT_FALSE(fix.event.is_set());  // the wait consumed it
}

TEST(Event, ASetWithoutAWaiterIsRemembered) {
  EventFixture fix;
  fix.event.set();
  fix.event.set();  // once is all there is
  fix.start();
  fix.context.poll();
  EXPECT_EQ(fix.outcomes, std::vector{Event::Outcome::kSet});
  fix.event.set();
  fix.event.reset();
  fix.start(base::Duration::zero());
  fix.context.restart();
  fix.context.run();
  EXPECT_EQ(fix.outcomes.back(), Event::Outcome::kTimeout);
}

TEST(Event, ACancelledWaitSaysSo) {
  EventFixture fix;
  asio::cancellation_signal leave;
  asio::co_spawn(fix.context, wait_into(&fix.event, base::Duration::max(), &fix.outcomes),
                 asio::bind_cancellation_slot(leave.slot(), asio::detached));
  fix.context.poll();
  leave.emit(asio::cancellation_type::terminal);
  fix.context.run();
  EXPECT_EQ(fix.outcomes, std::vector{Event::Outcome::kCancelled});
}

TEST(Event, MayGoBeforeItsWaiter) {
  asio::io_context context;
  auto event = std::make_unique<Event>(context.get_executor());
  std::vector<Event::Outcome> outcomes;
  asio::co_spawn(context, wait_into(event.get(), base::Duration::max(), &outcomes), asio::detached);
  context.poll();
  event.reset();
  context.restart();
  context.run();
  EXPECT_EQ(outcomes, std::vector{Event::Outcome::kCancelled});
}

}  // namespace
}  // namespace seine::net
