#include "net/detail/connector.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "net/event.h"

namespace seine::net::detail {
namespace {

using asio::ip::tcp;
using base::Code;
using base::fail;

// RFC 8305 section 5 recommends 250 ms before the next address is tried beside the last.
constexpr std::chrono::milliseconds kAttemptDelay{250};
constexpr std::size_t kAddressesMax = 8;

// Shared by the caller and by attempts that may outlast it.
struct Attempts {
  explicit Attempts(asio::any_io_executor executor) : changed(std::move(executor)) {}
  Event changed;
  std::vector<std::shared_ptr<tcp::socket>> sockets;
  std::shared_ptr<tcp::socket> winner;
  std::size_t running = 0;
  std::string last_error = "no address";
};

// getaddrinfo runs on Asio's own thread and cannot be stopped: a caller that gives up leaves it.
struct Lookup {
  explicit Lookup(asio::any_io_executor executor) : resolver(executor), done(executor) {}
  tcp::resolver resolver;
  Event done;
  std::vector<tcp::endpoint> found;
  std::string error;
};

void attempt(const std::shared_ptr<Attempts>& attempts, asio::io_context& context,
             const tcp::endpoint& endpoint) {
  auto socket = std::make_shared<tcp::socket>(context);
  attempts->sockets.push_back(socket);
  ++attempts->running;
  socket->async_connect(endpoint, [attempts, socket](const boost::system::error_code& error) {
    --attempts->running;
    if (error) {
      attempts->last_error = error.message();
    } else if (!attempts->winner) {
      attempts->winner = socket;
    }
    attempts->changed.set();
  });
}

// Alternates between the families, the first one's first (RFC 8305 section 4).
std::vector<tcp::endpoint> interleave(const std::vector<tcp::endpoint>& list) {
  std::vector<tcp::endpoint> first, second, out;
  for (const tcp::endpoint& one : list) {
    (one.address().is_v6() == list.front().address().is_v6() ? first : second).push_back(one);
  }
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  if (out.size() > kAddressesMax) out.resize(kAddressesMax);
  return out;
}

}  // namespace

asio::awaitable<base::Result<std::unique_ptr<Transport>>> connect_tcp(ContextState& state,
                                                                      std::string host,
                                                                      std::uint16_t port,
                                                                      AddressApproval approve,
                                                                      base::Deadline deadline) {
  asio::io_context& context = state.ticker.context();
  const base::Clock& clock = state.ticker.clock();
  const auto lookup = std::make_shared<Lookup>(context.get_executor());
  lookup->resolver.async_resolve(
      host, std::to_string(port), tcp::resolver::numeric_service,
      [lookup](const boost::system::error_code& error, const tcp::resolver::results_type& results) {
        if (error) lookup->error = error.message();
        for (const auto& result : results) lookup->found.push_back(result.endpoint());
        lookup->done.set();
      });
  switch (co_await lookup->done.wait_for(deadline.remaining(clock))) {
    case Event::Outcome::kSet:
      break;
    case Event::Outcome::kTimeout:
      co_return fail(Code::kDeadlineExceeded, "resolving {} took too long", host);
    case Event::Outcome::kCancelled:
      co_return fail(Code::kCancelled, "cancelled while resolving {}", host);
  }
  if (lookup->found.empty()) {
    co_return fail(Code::kUnavailable, "cannot resolve {}: {}", host, lookup->error);
  }

  std::vector<tcp::endpoint> allowed;
  base::Result<void> refusal;
  for (const tcp::endpoint& endpoint : interleave(lookup->found)) {
    base::Result<void> verdict;
    if (approve) verdict = approve(endpoint.address().to_string(), port, host);
    if (verdict) {
      allowed.push_back(endpoint);
    } else {
      refusal = std::move(verdict);
    }
  }
  if (allowed.empty()) co_return std::unexpected(std::move(refusal).error());

  const auto attempts = std::make_shared<Attempts>(context.get_executor());
  Event::Outcome outcome = Event::Outcome::kSet;
  for (std::size_t next = 0; !attempts->winner;) {
    const bool more = next < allowed.size();
    if (more) attempt(attempts, context, allowed[next++]);
    if (!more && attempts->running == 0) break;
    const base::Duration left = deadline.remaining(clock);
    const bool last = next == allowed.size();
    outcome = co_await attempts->changed.wait_for(
        last ? left : std::min<base::Duration>(left, kAttemptDelay));
    if (outcome == Event::Outcome::kCancelled || deadline.expired(clock)) break;
  }
  const std::shared_ptr<tcp::socket> winner = attempts->winner;
  for (const std::shared_ptr<tcp::socket>& socket : attempts->sockets) {
    boost::system::error_code ignored;
    if (socket != winner) (void)socket->close(ignored);
  }
  if (!winner) {
    if (outcome == Event::Outcome::kCancelled) {
      co_return fail(Code::kCancelled, "cancelled while connecting to {}", host);
    }
    if (deadline.expired(clock)) {
      co_return fail(Code::kDeadlineExceeded, "connecting to {}:{} took too long", host, port);
    }
    co_return fail(Code::kUnavailable, "cannot connect to {}:{}: {}", host, port,
                   attempts->last_error);
  }
  const int family = winner->local_endpoint().address().is_v6() ? AF_INET6 : AF_INET;
  winner->set_option(tcp::no_delay(true));
  winner->native_non_blocking(true);
  co_return std::make_unique<Transport>(state, winner->release(), family);
}

}  // namespace seine::net::detail
