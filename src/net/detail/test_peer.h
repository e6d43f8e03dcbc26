// TestPeer: a blocking loopback client that speaks raw bytes, for tests. Every wait is bounded, so
// a server that hangs fails the test instead of stopping it. Used on the test's own thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace seine::net::detail {

class TestPeer {
 public:
  explicit TestPeer(std::uint16_t port, int receive_buffer = 0) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    set_options();
    if (receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  // Takes over a connection that somebody accepted.
  static TestPeer adopt(int fd) { return TestPeer(Adopted{fd}); }
  ~TestPeer() { close(); }
  TestPeer(TestPeer&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_), text_(other.text_) {}
  TestPeer& operator=(TestPeer&&) = delete;

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void shutdown_send() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  // A reset instead of a close.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

  // Whether bytes or the end have come, after at most 20 ms.
  bool readable() const {
    pollfd one{fd_, POLLIN, 0};
    return ::poll(&one, 1, 20) > 0;
  }

  // Everything up to and with `mark`; what came, if the connection ended before it.
  std::string read_until(std::string_view mark) {
    std::size_t at = 0;
    while ((at = text_.find(mark)) == std::string::npos) {
      if (!more()) return std::exchange(text_, {});
    }
    std::string out = text_.substr(0, at + mark.size());
    text_.erase(0, out.size());
    return out;
  }
  std::string read_exactly(std::size_t size) {
    while (text_.size() < size && more()) {
    }
    std::string out = text_.substr(0, size);
    text_.erase(0, out.size());
    return out;
  }
  // All until the peer closes.
  std::string read_all() {
    while (more()) {
    }
    return std::exchange(text_, {});
  }
  // One response with a content-length, head and body.
  std::string read_response() {
    std::string head = read_until("\r\n\r\n");
    const std::size_t at = head.find("content-length: ");
    if (at == std::string::npos) return head;
    return head + read_exactly(std::stoul(head.substr(at + 16)));
  }
  // Whether the connection has ended, after at most the bytes in between.
  bool at_end() {
    read_all();
    return ended_;
  }

 private:
  struct Adopted {
    int fd;
  };
  explicit TestPeer(Adopted taken) : fd_(taken.fd), connected_(true) { set_options(); }
  void set_options() const {
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  bool more() {
    char bytes[16 * 1024];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got <= 0) {
      ended_ = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
      return false;
    }
    text_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  std::string text_;
};

}  // namespace seine::net::detail
