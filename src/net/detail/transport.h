// Transport: a connected stream socket, plain or under TLS, as two non-blocking calls and two
// waits. One coroutine may read while another writes. Lives on one context. Owns the socket and the
// TLS state; never buffers plain text.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/detail/context_state.h"
#include "net/detail/tls_context.h"

namespace seine::net::detail {

enum class IoStatus : std::uint8_t {
  kOk,
  kWantRead,   // wait_readable, then again
  kWantWrite,  // wait_writable, then again
  kEof,        // the peer closed its side properly
  kTimeout,
  kCancelled,  // closed by us, or the coroutine was cancelled
  kError,      // the connection is gone
};

struct IoResult {
  IoStatus status;
  std::size_t bytes = 0;
};

class Transport {
 public:
  using Socket =
      asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

  // Takes a connected, non-blocking descriptor of the given address family.
  Transport(ContextState& state, int fd, int family);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Before anything is read or written. `server_name` is checked against the certificate too.
  asio::awaitable<base::Result<void>> handshake_server(std::shared_ptr<TlsContext> context);
  asio::awaitable<base::Result<void>> handshake_client(std::shared_ptr<TlsContext> context,
                                                       std::string server_name);
  bool tls() const { return ssl_ != nullptr; }
  std::string_view alpn() const;

  IoResult try_read(std::span<char> into);
  IoResult try_write(std::string_view bytes);
  // kOk, kTimeout by the deadlines below, kCancelled.
  asio::awaitable<IoStatus> wait_readable();
  asio::awaitable<IoStatus> wait_writable();

  // Reads at least one byte; writes all. kOk, kEof, kTimeout, kCancelled, kError.
  asio::awaitable<IoResult> read_some(std::span<char> into);
  asio::awaitable<IoStatus> write_all(std::string_view bytes);

  // Bound each wait of their direction from now on, until set anew.
  void read_deadline(base::TimePoint when);
  void write_deadline(base::TimePoint when);
  // Each wait for the peer to take bytes may last so long.
  void write_timeout(base::Duration wait) { write_timeout_ = wait; }

  void shutdown_send();
  // Ends every wait with kCancelled.
  void close();
  bool closed() const { return closed_; }
  int fd() { return socket_.native_handle(); }
  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  ContextState& state() { return state_; }

 private:
  asio::awaitable<base::Result<void>> handshake();
  IoResult tls_outcome(int outcome);

  ContextState& state_;
  Socket socket_;
  std::shared_ptr<TlsContext> context_;
  SslPtr ssl_;
  DeadlineEntry read_entry_;
  DeadlineEntry write_entry_;
  base::Duration write_timeout_ = base::Duration::max();
  bool read_expired_ = false;
  bool write_expired_ = false;
  bool closed_ = false;
  bool broken_ = false;  // TLS: no close_notify may be sent any more
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
};

}  // namespace seine::net::detail
