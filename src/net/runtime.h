// Runtime: the threads of the network side. One io_context per thread; whatever starts on a context
// stays there, so code on it needs no locks. Owned by the composition root, outlives every Server
// and Client on it. Any thread may call it. Installs no signal handlers.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

#include "base/clock.h"

namespace seine::net {

namespace asio = boost::asio;

namespace detail {
class ContextState;
}

class Runtime {
 public:
  // Deadlines are read from `clock`, which outlives the runtime. `threads` is at least 1.
  Runtime(std::size_t threads, const base::Clock& clock);
  ~Runtime();  // stop() and join
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  std::size_t size() const;
  asio::io_context& context(std::size_t i);
  // The contexts in turn.
  asio::io_context& next();
  // The index of the context that runs the calling thread; size() on a foreign thread.
  std::size_t current() const;
  const base::Clock& clock() const;

  // Runs `work` on a context, soon and in order.
  void post(std::size_t i, std::function<void()> work);
  // Starts a coroutine there. An exception that leaves it goes to `failed` (default: it ends the
  // process, because nobody else would see it).
  void spawn(std::size_t i, std::function<asio::awaitable<void>()> start,
             std::function<void(std::exception_ptr)> failed = {});
  // The same, and waits for its end on the calling thread, which must not be one of the contexts.
  // Rethrows.
  void run(std::size_t i, std::function<asio::awaitable<void>()> start);

  // Ends every context at once: what was waiting is destroyed, not resumed. Servers and clients are
  // drained before. Returns when all threads have ended.
  void stop();

  // What the connections of a context share; for net's own use.
  detail::ContextState& state(std::size_t i);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Waits on the calling coroutine's context, by the real clock. Ends early, without throwing, when
// cancelled: false then.
asio::awaitable<bool> sleep_for(base::Duration wait);

}  // namespace seine::net
