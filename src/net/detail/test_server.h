// TestServer: a Server on two contexts and a free loopback port, with a probe that records, for
// tests. Waits in here are bounded by 20 s.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/probe.h"
#include "net/request.h"
#include "net/response.h"
#include "net/router.h"
#include "net/runtime.h"
#include "net/server.h"

namespace seine::net::detail {

class RecordingProbe final : public Probe {
 public:
  void connection_closed(CloseReason reason) override {
    note([&] { closed_.push_back(reason); });
  }
  void request_finished(const RequestSummary& summary) override {
    note([&] { finished_.emplace_back(std::string(summary.path), summary.status); });
  }
  void handler_failed(const RequestSummary&, std::string_view what) override {
    note([&] { failures_.emplace_back(what); });
  }

  using Finished = std::pair<std::string, int>;
  // The first `count` of them, once there are so many.
  std::vector<CloseReason> closed(std::size_t count) { return take(closed_, count); }
  std::vector<Finished> finished(std::size_t count) { return take(finished_, count); }
  std::vector<std::string> failures(std::size_t count) { return take(failures_, count); }

 private:
  template <typename Change>
  void note(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <typename T>
  std::vector<T> take(std::vector<T>& list, std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return list.size() >= count; });
    return list;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<CloseReason> closed_;
  std::vector<Finished> finished_;
  std::vector<std::string> failures_;
};

class TestServer {
 public:
  explicit TestServer(Router routes, ServerLimits limits = {}, ListenOptions listen = {})
      : router(std::move(routes)),
        runtime(2, clock),
        server(runtime, {.limits = limits, .probe = &probe}, router.handler()) {
    const auto bound = server.listen(std::move(listen));
    EXPECT_TRUE(bound) << (bound ? "" : bound.error().to_string());
    port = bound.value_or(0);
  }

  Router router;
  RecordingProbe probe;
  base::ManualClock clock;  // time-outs happen when the test says so
  Runtime runtime;
  Server server;
  std::uint16_t port = 0;
};

// A gate between a handler and the test: the handler waits in it, the test opens it.
class Latch {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait() { return wait_for(std::chrono::seconds(20)); }
  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// A handler that sends back what it was sent.
inline asio::awaitable<void> echo_body(Request& request, Response& response) {
  const auto body = co_await request.read_all();
  if (body) {
    response.send_text(200, *body);
  } else {
    response.send_error(body.error());
  }
}

}  // namespace seine::net::detail
