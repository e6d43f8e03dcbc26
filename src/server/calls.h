// Calls: work that other threads start on the network's contexts and that must be over before what
// it uses goes away. Each call can be stopped by its own stop token; the destructor cancels all of
// them and waits for their ends. The runtime runs as long. Any thread may start one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <unordered_set>

#include "net/runtime.h"

namespace seine::server {

class Calls {
 public:
  using Work = std::function<boost::asio::awaitable<void>()>;

  explicit Calls(net::Runtime& runtime) : runtime_(runtime) {}
  ~Calls();
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  // On the context whose turn it is. A stop, now or later, cancels the coroutine; it still runs to
  // its end.
  void start(Work work, std::stop_token stop = {});
  // On a given context.
  void start_on(std::size_t place, Work work, std::stop_token stop = {});

 private:
  struct Call;
  static boost::asio::awaitable<void> run(Work work);
  void cancel(const std::shared_ptr<Call>& call);
  void over(const std::shared_ptr<Call>& call);

  net::Runtime& runtime_;
  std::mutex mutex_;
  std::condition_variable none_;
  std::unordered_set<std::shared_ptr<Call>> calls_;
  std::size_t turn_ = 0;
};

}  // namespace seine::server
