// TestListener: a loopback port whose connections a test answers with raw bytes, one after the
// other on a thread of its own. Every wait is bounded by TestPeer's.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

#include "net/detail/test_peer.h"

namespace seine::net::detail {

class TestListener {
 public:
  // `serve` gets each connection with its number, from 0.
  explicit TestListener(std::function<void(TestPeer, int)> serve) : serve_(std::move(serve)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(fd_, 16);
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~TestListener() {
    ending_ = true;
    ::shutdown(fd_, SHUT_RDWR);  // ends the accept
    thread_.join();
    ::close(fd_);
  }
  TestListener(const TestListener&) = delete;
  TestListener& operator=(const TestListener&) = delete;

  std::uint16_t port() const { return port_; }

 private:
  void run() {
    for (int number = 0; !ending_; ++number) {
      const int taken = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (taken < 0) return;
      serve_(TestPeer::adopt(taken), number);
    }
  }
  const std::function<void(TestPeer, int)> serve_;
  std::atomic<bool> ending_{false};
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// Copies bytes both ways until either side ends.
inline void splice(TestPeer& left, TestPeer& right) {
  for (;;) {
    pollfd both[2] = {{left.fd(), POLLIN, 0}, {right.fd(), POLLIN, 0}};
    if (::poll(both, 2, 20'000) <= 0) return;
    for (int i = 0; i < 2; ++i) {
      if ((both[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      char bytes[16 * 1024];
      const ssize_t got = ::recv(both[i].fd, bytes, sizeof bytes, 0);
      TestPeer& other = i == 0 ? right : left;
      if (got <= 0 || !other.send({bytes, static_cast<std::size_t>(got)})) return;
    }
  }
}

}  // namespace seine::net::detail
