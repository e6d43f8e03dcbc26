#include "net/detail/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace seine::net::detail {
namespace {

using base::Code;
using base::fail;

constexpr int kBacklog = 4096;
constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{100};

std::string peer_name(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(in.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(in6.sin6_port));
  }
  return "unix";
}

void set_port(sockaddr* address, std::uint16_t port) {
  if (address->sa_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(address)->sin_port = htons(port);
  } else if (address->sa_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address)->sin6_port = htons(port);
  }
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

base::Result<int> bind_one(const addrinfo& info, const std::string& host) {
  const int fd = ::socket(info.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::unexpected(base::errno_error("socket", errno));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (info.ai_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(fd, info.ai_addr, info.ai_addrlen) != 0 || ::listen(fd, kBacklog) != 0) {
    const int error_number = errno;
    ::close(fd);
    return std::unexpected(base::errno_error(fmt::format("listen on {}", host), error_number));
  }
  return fd;
}

}  // namespace

Listener::Listener(asio::io_context& context, int fd, std::string unix_path,
                   std::function<void(Accepted)> accepted)
    : socket_(context, fd), unix_path_(std::move(unix_path)), accepted_(std::move(accepted)) {}

Listener::~Listener() {
  close();
}

asio::awaitable<void> Listener::run() {
  while (socket_.is_open()) {
    const auto [error] = co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                                                     asio::as_tuple(asio::use_awaitable));
    if (error || !socket_.is_open()) co_return;
    for (int i = 0; i < kAcceptsPerTurn && socket_.is_open(); ++i) {
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      const int fd = ::accept4(socket_.native_handle(), reinterpret_cast<sockaddr*>(&address),
                               &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
          asio::steady_timer pause(co_await asio::this_coro::executor, kPauseWithoutDescriptors);
          co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        if (errno == ECONNABORTED || errno == EINTR) continue;
        break;
      }
      if (address.ss_family != AF_UNIX) {
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      }
      accepted_({fd, address.ss_family, peer_name(address)});
    }
  }
}

void Listener::close() {
  if (!socket_.is_open()) return;
  boost::system::error_code ignored;
  (void)socket_.close(ignored);
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

base::Result<std::vector<Bound>> bind_tcp(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0) {
    return fail(Code::kInvalidArgument, "listen address '{}': {}", host, ::gai_strerror(error));
  }
  std::vector<Bound> bound;
  base::Result<void> outcome;
  for (const addrinfo* info = list; info != nullptr && outcome; info = info->ai_next) {
    set_port(info->ai_addr, bound.empty() ? port : bound.front().port);
    const base::Result<int> fd = bind_one(*info, fmt::format("{}:{}", host, port));
    if (fd) {
      bound.push_back({*fd, port_of(*fd)});
    } else if (info->ai_next == nullptr && !bound.empty() && info->ai_family == AF_INET6) {
      break;  // "localhost" on a machine without IPv6
    } else {
      outcome = std::unexpected(fd.error());
    }
  }
  ::freeaddrinfo(list);
  if (!outcome) {
    for (const Bound& one : bound) ::close(one.fd);
    return std::unexpected(outcome.error());
  }
  return bound;
}

base::Result<Bound> bind_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Code::kInvalidArgument, "socket path has {} bytes, the limit is {}", path.size(),
                sizeof address.sun_path - 1);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  // Only a socket is replaced; a file of another kind is somebody's data.
  struct stat old{};
  if (::lstat(path.c_str(), &old) == 0 && S_ISSOCK(old.st_mode)) ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::unexpected(base::errno_error("socket", errno));
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd, kBacklog) != 0) {
    const int error_number = errno;
    ::close(fd);
    return std::unexpected(base::errno_error(fmt::format("listen on {}", path), error_number));
  }
  return Bound{fd, 0};
}

}  // namespace seine::net::detail
