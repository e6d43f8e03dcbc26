#include "web/render/guard_proxy.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <set>

namespace seine::web {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::Code;
using base::fail;

namespace {

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

// RFC 1928 section 6.
enum Reply : std::uint8_t {
  kSucceeded = 0,
  kGeneralFailure = 1,
  kNotAllowed = 2,
  kUnreachable = 4
};
constexpr std::uint8_t kSocksVersion = 5;
constexpr std::uint8_t kConnect = 1;

struct Connection {
  explicit Connection(asio::io_context& context)
      : browser(context), web(context), resolver(context) {}
  tcp::socket browser;
  tcp::socket web;
  tcp::resolver resolver;
  void close() {
    boost::system::error_code ignored;
    resolver.cancel();
    (void)browser.close(ignored);
    (void)web.close(ignored);
  }
};

struct Target {
  std::string host;
  std::uint16_t port = 0;
};

// The greeting and the request; nothing when the peer does not speak the protocol.
asio::awaitable<std::optional<Target>> read_target(tcp::socket& socket) {
  std::array<std::uint8_t, 256> bytes{};
  const auto need = [&](std::size_t count) {
    return asio::async_read(socket, asio::buffer(bytes.data(), count), kToken);
  };
  auto [greeted, n0] = co_await need(2);
  if (greeted || bytes[0] != kSocksVersion || bytes[1] == 0) co_return std::nullopt;
  auto [methods, n1] = co_await need(bytes[1]);
  if (methods) co_return std::nullopt;
  const std::array<std::uint8_t, 2> no_authentication{kSocksVersion, 0};
  auto [answered, n2] = co_await asio::async_write(socket, asio::buffer(no_authentication), kToken);
  auto [asked, n3] = co_await need(4);
  if (answered || asked || bytes[0] != kSocksVersion || bytes[1] != kConnect)
    co_return std::nullopt;
  Target target;
  const std::uint8_t kind = bytes[3];
  std::size_t length = kind == 1 ? 4 : 16;
  if (kind == 3) {
    auto [counted, n4] = co_await need(1);
    if (counted) co_return std::nullopt;
    length = bytes[0];
  } else if (kind != 1 && kind != 4) {
    co_return std::nullopt;
  }
  auto [named, n5] = co_await need(length);
  if (named) co_return std::nullopt;
  if (kind == 3) {
    target.host.assign(reinterpret_cast<const char*>(bytes.data()), length);
  } else if (kind == 1) {
    asio::ip::address_v4::bytes_type raw;
    std::copy_n(bytes.begin(), raw.size(), raw.begin());
    target.host = asio::ip::address_v4(raw).to_string();
  } else {
    asio::ip::address_v6::bytes_type raw;
    std::copy_n(bytes.begin(), raw.size(), raw.begin());
    target.host = "[" + asio::ip::address_v6(raw).to_string() + "]";
  }
  auto [ported, n6] = co_await need(2);
  if (ported) co_return std::nullopt;
  target.port = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
  co_return target;
}

asio::awaitable<bool> reply(tcp::socket& socket, Reply code) {
  const std::array<std::uint8_t, 10> bytes{kSocksVersion, code, 0, 1, 0, 0, 0, 0, 0, 0};
  auto [error, n] = co_await asio::async_write(socket, asio::buffer(bytes), kToken);
  co_return !error;
}

}  // namespace

struct GuardProxy::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context_in, Limits limits_in)
      : context(context_in), limits(limits_in), acceptor(context) {}

  asio::io_context& context;
  std::optional<GuardPolicy> policy;
  const Limits limits;
  tcp::acceptor acceptor;
  std::set<std::shared_ptr<Connection>> open;
  Counts counts;
  bool closed = false;

  // The protocol does not say what is spoken through the tunnel: an operator's endpoint is one
  // under either scheme, and nothing else in the policy depends on it.
  std::optional<Url> judged_url(const Target& target, std::span<const IpAddress> addresses) const {
    if (!policy) return std::nullopt;
    for (const char* scheme : {"https", "http"}) {
      const auto url = Url::parse(std::string(scheme) + "://" + target.host + ":" +
                                  std::to_string(target.port) + "/");
      if (url && judge(*url, addresses, *policy) == Refusal::kNone) return *url;
    }
    return std::nullopt;
  }

  static asio::awaitable<void> accept(std::shared_ptr<Impl> self) {
    while (!self->closed) {
      auto connection = std::make_shared<Connection>(self->context);
      auto [error] = co_await self->acceptor.async_accept(connection->browser, kToken);
      if (self->closed) co_return;
      if (error) continue;
      if (self->open.size() >= self->limits.connections_max) {
        connection->close();
        continue;
      }
      ++self->counts.connections;
      self->open.insert(connection);
      asio::co_spawn(self->context, serve(self, connection), asio::detached);
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Impl> self,
                                     std::shared_ptr<Connection> connection) {
    co_await tunnel(self, connection);
    connection->close();
    self->open.erase(connection);
  }

  static asio::awaitable<void> tunnel(std::shared_ptr<Impl> self,
                                      std::shared_ptr<Connection> connection) {
    const auto target = co_await read_target(connection->browser);
    if (!target) co_return;
    std::vector<tcp::endpoint> endpoints;
    std::vector<IpAddress> addresses;
    std::string name = target->host;
    if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
    auto [unresolved, results] = co_await connection->resolver.async_resolve(
        name, std::to_string(target->port), tcp::resolver::numeric_service, kToken);
    if (!unresolved) {
      for (const auto& result : results) {
        const auto address = IpAddress::from_sockaddr(result.endpoint().data());
        if (!address) continue;
        endpoints.push_back(result.endpoint());
        addresses.push_back(*address);
      }
    }
    if (!self->judged_url(*target, addresses)) {
      ++self->counts.refused;
      (void)co_await reply(connection->browser, kNotAllowed);
      co_return;
    }
    // Only addresses that were judged are connected to: there is no second look-up to rebind.
    boost::system::error_code error = asio::error::host_not_found;
    for (const tcp::endpoint& endpoint : endpoints) {
      if (self->closed) co_return;
      boost::system::error_code ignored;
      (void)connection->web.close(ignored);
      auto [failed] = co_await connection->web.async_connect(endpoint, kToken);
      error = failed;
      if (!error) break;
    }
    if (error) {
      (void)co_await reply(connection->browser, kUnreachable);
      co_return;
    }
    if (!co_await reply(connection->browser, kSucceeded)) co_return;
    asio::co_spawn(self->context, copy(self, connection, false), asio::detached);
    co_await copy(self, connection, true);
  }

  static asio::awaitable<void> copy(std::shared_ptr<Impl> self,
                                    std::shared_ptr<Connection> connection, bool from_web) {
    tcp::socket& from = from_web ? connection->web : connection->browser;
    tcp::socket& to = from_web ? connection->browser : connection->web;
    std::array<char, 32 * 1024> buffer;
    while (!self->closed) {
      auto [read_error, bytes] = co_await from.async_read_some(asio::buffer(buffer), kToken);
      if (read_error) break;
      if (from_web) self->counts.bytes += bytes;
      if (self->counts.bytes > self->limits.bytes_max) break;
      auto [write_error, written] =
          co_await asio::async_write(to, asio::buffer(buffer.data(), bytes), kToken);
      if (write_error) break;
    }
    boost::system::error_code ignored;
    (void)to.shutdown(tcp::socket::shutdown_send, ignored);
    if (from_web) connection->close();
  }

  void close() {
    closed = true;
    boost::system::error_code ignored;
    (void)acceptor.close(ignored);
    for (const auto& connection : open) connection->close();
    open.clear();
  }
};

GuardProxy::GuardProxy(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
GuardProxy::~GuardProxy() {
  impl_->close();
}

base::Result<std::unique_ptr<GuardProxy>> GuardProxy::start(asio::io_context& context,
                                                            Limits limits) {
  auto impl = std::make_shared<Impl>(context, limits);
  boost::system::error_code error;
  const tcp::endpoint loopback(asio::ip::address_v4::loopback(), 0);
  (void)impl->acceptor.open(loopback.protocol(), error);
  if (!error) (void)impl->acceptor.bind(loopback, error);
  if (!error) (void)impl->acceptor.listen(64, error);
  if (error) {
    return fail(Code::kUnavailable, "no loopback port for the browser's proxy: {}",
                error.message());
  }
  asio::co_spawn(context, Impl::accept(impl), asio::detached);
  return std::unique_ptr<GuardProxy>(new GuardProxy(std::move(impl)));
}

void GuardProxy::allow(GuardPolicy policy) {
  impl_->policy = std::move(policy);
}
std::uint16_t GuardProxy::port() const {
  return impl_->acceptor.local_endpoint().port();
}
GuardProxy::Counts GuardProxy::counts() const {
  return impl_->counts;
}

}  // namespace seine::web
