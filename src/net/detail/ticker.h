// Ticker: deadlines and hang-up checks of one context, coarse and cheap. Arming a deadline is a
// store into a member; one timer looks at all of them every kTick. A connection that is served fast
// enough never touches a timer queue or an epoll set for its time-outs. Lives on its context's
// thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <vector>

#include "base/clock.h"

struct pollfd;

namespace seine::net::detail {

namespace asio = boost::asio;

class Ticker;

// Fires once after `when`, within kTick or so. Must not outlive its ticker's context.
class DeadlineEntry {
 public:
  DeadlineEntry(Ticker& ticker, std::function<void()> expired);
  ~DeadlineEntry();
  DeadlineEntry(const DeadlineEntry&) = delete;
  DeadlineEntry& operator=(const DeadlineEntry&) = delete;

  void arm(base::TimePoint when);
  void arm(base::Deadline deadline) { arm(deadline.when()); }
  void arm_after(base::Duration wait);
  void disarm() { when_ = base::TimePoint::max(); }
  base::TimePoint when() const { return when_; }

 private:
  friend class Ticker;
  Ticker& ticker_;
  std::function<void()> expired_;
  base::TimePoint when_ = base::TimePoint::max();
  std::size_t slot_;
};

// Calls `gone` when the peer of a socket has closed its side, while nobody reads that socket.
class HangupWatch {
 public:
  HangupWatch(Ticker& ticker, int fd, std::function<void()> gone);
  ~HangupWatch();
  HangupWatch(const HangupWatch&) = delete;
  HangupWatch& operator=(const HangupWatch&) = delete;

  void start();
  void stop();

 private:
  friend class Ticker;
  Ticker& ticker_;
  const int fd_;
  std::function<void()> gone_;
  std::size_t slot_;
  bool active_ = false;
};

class Ticker {
 public:
  static constexpr std::chrono::milliseconds kTick{50};

  Ticker(asio::io_context& context, const base::Clock& clock);
  ~Ticker();
  const base::Clock& clock() const { return clock_; }
  asio::io_context& context() { return context_; }

 private:
  friend class DeadlineEntry;
  friend class HangupWatch;
  void wake();
  void schedule();
  void tick();
  void check_deadlines();
  void check_hangups();

  asio::io_context& context_;
  const base::Clock& clock_;
  asio::steady_timer timer_;
  bool running_ = false;
  base::TimePoint earliest_ = base::TimePoint::max();  // no entry is due before it
  std::vector<DeadlineEntry*> deadlines_;
  std::vector<HangupWatch*> watches_;
  std::vector<pollfd> polled_;
};

}  // namespace seine::net::detail
