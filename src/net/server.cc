#include "net/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "base/assert.h"
#include "net/detail/connection.h"
#include "net/detail/listener.h"
#include "net/probe.h"
#include "net/runtime.h"
#include "net/tls.h"

namespace seine::net {

using detail::Accepted;
using detail::Connection;
using detail::Listener;

// Held by the server and by every connection's coroutine.
struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(Runtime& server_runtime, ServerOptions options, Handler handler)
      : runtime(server_runtime),
        config(std::make_shared<detail::ServerConfig>(detail::ServerConfig{
            options.limits, options.probe != nullptr ? *options.probe : no_probe(),
            std::move(options.server_name), std::move(handler)})),
        lanes(server_runtime.size()) {}

  // A context's connections: touched on its thread only.
  struct Lane {
    std::unordered_set<std::shared_ptr<Connection>> connections;
  };

  void accept(std::shared_ptr<TlsServer> tls, bool http2_cleartext, Accepted accepted);
  void serve(std::size_t lane, std::shared_ptr<Connection> connection);
  void over(std::size_t lane, const std::shared_ptr<Connection>& connection, CloseReason reason);
  void one_less();
  void each_connection(void (Connection::*call)());

  Runtime& runtime;
  const std::shared_ptr<const detail::ServerConfig> config;
  std::vector<Lane> lanes;
  std::vector<std::shared_ptr<Listener>> listeners;  // on context 0
  std::atomic<std::size_t> turn{0};
  std::atomic<bool> draining{false};

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::size_t connections = 0;  // and listeners that have not ended
  std::size_t listening = 0;
};

namespace {

asio::awaitable<void> run_listener(std::shared_ptr<Listener> listener) {
  co_await listener->run();
}

asio::awaitable<CloseReason> run_connection(std::shared_ptr<Connection> connection) {
  co_return co_await connection->run();
}

}  // namespace

void Server::Impl::accept(std::shared_ptr<TlsServer> tls, bool http2_cleartext, Accepted accepted) {
  bool full = false;
  {
    const std::lock_guard lock(mutex);
    full = connections >= config->limits.connections_max;
    if (!full) ++connections;
  }
  if (full) {
    constexpr std::string_view kBusy =
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\n"
        "connection: close\r\n\r\n";
    if (!tls) {
      [[maybe_unused]] const ssize_t sent =
          ::send(accepted.fd, kBusy.data(), kBusy.size(), MSG_NOSIGNAL);
    }
    ::close(accepted.fd);
    config->probe.connection_closed(CloseReason::kOverload);
    return;
  }
  const std::size_t lane = turn++ % lanes.size();
  asio::post(runtime.context(lane), [self = shared_from_this(), lane, tls = std::move(tls),
                                     http2_cleartext, accepted = std::move(accepted)]() mutable {
    self->config->probe.connection_opened();
    self->serve(lane, std::make_shared<Connection>(
                          self->config, self->runtime.state(lane), std::move(accepted),
                          tls ? tls->context() : nullptr, http2_cleartext));
  });
}

void Server::Impl::serve(std::size_t lane, std::shared_ptr<Connection> connection) {
  lanes[lane].connections.insert(connection);
  asio::co_spawn(
      runtime.context(lane), run_connection(connection),
      asio::bind_cancellation_slot(
          connection->signal().slot(), [self = shared_from_this(), lane, connection](
                                           std::exception_ptr exception, CloseReason reason) {
            self->over(lane, connection, exception ? CloseReason::kProtocolError : reason);
          }));
  // A drain that was posted before this connection arrived has passed it by.
  if (draining) connection->drain();
}

void Server::Impl::over(std::size_t lane, const std::shared_ptr<Connection>& connection,
                        CloseReason reason) {
  lanes[lane].connections.erase(connection);
  config->probe.connection_closed(reason);
  one_less();
}

void Server::Impl::one_less() {
  const std::lock_guard lock(mutex);
  --connections;
  changed.notify_all();
}

void Server::Impl::each_connection(void (Connection::*call)()) {
  for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
    asio::post(runtime.context(lane), [self = shared_from_this(), lane, call] {
      // Ending one may erase it from the set, later; a copy keeps the walk simple.
      const auto connections_now = self->lanes[lane].connections;
      for (const std::shared_ptr<Connection>& connection : connections_now) {
        (*connection.*call)();
      }
    });
  }
}

Server::Server(Runtime& runtime, ServerOptions options, Handler handler)
    : impl_(std::make_shared<Impl>(runtime, std::move(options), std::move(handler))) {}

Server::~Server() {
  drain(base::Deadline::at(base::TimePoint::min()));
}

base::Result<std::uint16_t> Server::listen(ListenOptions options) {
  std::vector<detail::Bound> bound;
  if (!options.unix_path.empty()) {
    bound.push_back(SEINE_TRY(detail::bind_unix(options.unix_path)));
  } else {
    bound = SEINE_TRY(detail::bind_tcp(options.host, options.port));
  }
  asio::io_context& context = impl_->runtime.context(0);
  for (const detail::Bound& one : bound) {
    auto listener = std::make_shared<Listener>(
        context, one.fd, options.unix_path,
        [impl = impl_.get(), tls = options.tls, http2 = options.http2_cleartext](
            Accepted accepted) { impl->accept(tls, http2, std::move(accepted)); });
    {
      const std::lock_guard lock(impl_->mutex);
      ++impl_->listening;
      impl_->listeners.push_back(listener);
    }
    asio::co_spawn(context, run_listener(listener), [impl = impl_](std::exception_ptr) {
      const std::lock_guard lock(impl->mutex);
      --impl->listening;
      impl->changed.notify_all();
    });
  }
  return bound.front().port;
}

void Server::drain(base::Deadline deadline) {
  Impl& impl = *impl_;
  SEINE_ASSERT(impl.runtime.current() == impl.runtime.size(), "drain waits: not on a context");
  impl.draining = true;
  asio::post(impl.runtime.context(0), [self = impl_] {
    const std::lock_guard lock(self->mutex);
    for (const std::shared_ptr<Listener>& listener : self->listeners) listener->close();
  });
  std::unique_lock lock(impl.mutex);
  impl.changed.wait(lock, [&] { return impl.listening == 0; });
  impl.listeners.clear();
  lock.unlock();
  impl.each_connection(&Connection::drain);
  lock.lock();
  const auto none = [&] { return impl.connections == 0; };
  const base::Duration patience = deadline.remaining(impl.runtime.clock());
  const auto now = std::chrono::steady_clock::now();
  const bool in_time = patience >= base::TimePoint::max() - now
                           ? (impl.changed.wait(lock, none), true)
                           : impl.changed.wait_until(lock, now + patience, none);
  if (in_time) return;
  lock.unlock();
  impl.each_connection(&Connection::stop_now);
  lock.lock();
  impl.changed.wait(lock, none);
}

std::size_t Server::connections() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->connections;
}

}  // namespace seine::net
