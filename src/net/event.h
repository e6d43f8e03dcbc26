// Event: one coroutine of a context waits, another of the same context sets. Setting without a
// waiter is remembered; a wait consumes it. One waiter at a time. Never crosses threads: see
// channel.h for that.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>

#include "base/clock.h"

namespace seine::net {

namespace asio = boost::asio;

class Event {
 public:
  enum class Outcome : std::uint8_t { kSet, kTimeout, kCancelled };

  explicit Event(asio::any_io_executor executor);
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void set();
  void reset();
  bool is_set() const;

  asio::awaitable<Outcome> wait();
  // By the real clock.
  asio::awaitable<Outcome> wait_for(base::Duration wait);

 private:
  struct Impl;
  static asio::awaitable<Outcome> wait_on(std::shared_ptr<Impl> impl, base::Duration wait);
  std::shared_ptr<Impl> impl_;  // the waiter holds it too
};

}  // namespace seine::net
