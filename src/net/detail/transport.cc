#include "net/detail/transport.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <limits>

#include "net/detail/socket_bio.h"

namespace seine::net::detail {
namespace {

using base::Code;
using base::fail;

bool is_address(const std::string& host) {
  unsigned char address[16];
  return ::inet_pton(AF_INET, host.c_str(), address) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), address) == 1;
}

int clamp_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

Transport::Transport(ContextState& state, int fd, int family)
    : state_(state),
      socket_(state.ticker.context(),
              asio::generic::stream_protocol(family, family == AF_UNIX ? 0 : IPPROTO_TCP), fd),
      read_entry_(state.ticker,
                  [this] {
                    read_expired_ = true;
                    socket_.cancel();
                  }),
      write_entry_(state.ticker, [this] {
        write_expired_ = true;
        socket_.cancel();
      }) {
  // The descriptor is non-blocking already; this tells Asio so, which then never blocks for us.
  socket_.native_non_blocking(true);
}

Transport::~Transport() {
  if (ssl_ && !closed_) close();
}

asio::awaitable<base::Result<void>> Transport::handshake_server(
    std::shared_ptr<TlsContext> context) {
  context_ = std::move(context);
  ssl_.reset(SSL_new(context_->ssl.get()));
  if (!ssl_) co_return fail(Code::kInternal, "TLS: out of memory");
  SSL_set_accept_state(ssl_.get());
  co_return co_await handshake();
}

asio::awaitable<base::Result<void>> Transport::handshake_client(std::shared_ptr<TlsContext> context,
                                                                std::string server_name) {
  context_ = std::move(context);
  ssl_.reset(SSL_new(context_->ssl.get()));
  if (!ssl_) co_return fail(Code::kInternal, "TLS: out of memory");
  SSL_set_connect_state(ssl_.get());
  if (is_address(server_name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), server_name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_.get(), server_name.c_str());
    SSL_set_hostflags(ssl_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl_.get(), server_name.c_str());
  }
  co_return co_await handshake();
}

asio::awaitable<base::Result<void>> Transport::handshake() {
  BIO* bio = make_socket_bio(fd());
  if (bio == nullptr) co_return fail(Code::kInternal, "TLS: out of memory");
  SSL_set_bio(ssl_.get(), bio, bio);
  for (;;) {
    ERR_clear_error();
    const int outcome = SSL_do_handshake(ssl_.get());
    if (outcome == 1) co_return base::Result<void>{};
    const IoResult result = tls_outcome(outcome);
    IoStatus waited = result.status;
    if (waited == IoStatus::kWantRead) waited = co_await wait_readable();
    if (waited == IoStatus::kWantWrite) waited = co_await wait_writable();
    if (waited == IoStatus::kOk) continue;
    broken_ = true;
    if (waited == IoStatus::kTimeout) {
      co_return fail(Code::kDeadlineExceeded, "the TLS handshake took too long");
    }
    if (waited == IoStatus::kCancelled) co_return fail(Code::kCancelled, "TLS handshake cancelled");
    if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK) {
      co_return fail(Code::kUnauthenticated, "certificate not accepted: {}",
                     X509_verify_cert_error_string(verdict));
    }
    co_return fail(Code::kUnavailable, "TLS handshake failed");
  }
}

IoResult Transport::tls_outcome(int outcome) {
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
      return {IoStatus::kWantRead};
    case SSL_ERROR_WANT_WRITE:
      return {IoStatus::kWantWrite};
    case SSL_ERROR_ZERO_RETURN:
      return {IoStatus::kEof};
    default:
      broken_ = true;
      ERR_clear_error();
      return {IoStatus::kError};
  }
}

std::string_view Transport::alpn() const {
  if (!ssl_) return {};
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

IoResult Transport::try_read(std::span<char> into) {
  if (closed_) return {IoStatus::kCancelled};
  if (ssl_) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), into.data(), clamp_int(into.size()));
    if (got <= 0) return tls_outcome(got);
    bytes_read_ += static_cast<std::size_t>(got);
    return {IoStatus::kOk, static_cast<std::size_t>(got)};
  }
  for (;;) {
    const ssize_t got = ::recv(fd(), into.data(), into.size(), 0);
    if (got > 0) {
      bytes_read_ += static_cast<std::size_t>(got);
      return {IoStatus::kOk, static_cast<std::size_t>(got)};
    }
    if (got == 0) return {IoStatus::kEof};
    if (errno == EAGAIN) return {IoStatus::kWantRead};
    if (errno != EINTR) return {IoStatus::kError};
  }
}

IoResult Transport::try_write(std::string_view bytes) {
  if (closed_) return {IoStatus::kCancelled};
  if (ssl_) {
    ERR_clear_error();
    const int sent = SSL_write(ssl_.get(), bytes.data(), clamp_int(bytes.size()));
    if (sent <= 0) return tls_outcome(sent);
    bytes_written_ += static_cast<std::size_t>(sent);
    return {IoStatus::kOk, static_cast<std::size_t>(sent)};
  }
  for (;;) {
    const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes_written_ += static_cast<std::size_t>(sent);
      return {IoStatus::kOk, static_cast<std::size_t>(sent)};
    }
    if (errno == EAGAIN) return {IoStatus::kWantWrite};
    if (errno != EINTR) return {IoStatus::kError};
  }
}

// socket_.cancel() ends the waits of both directions; the flags say which one was meant, and the
// other goes on waiting.
asio::awaitable<IoStatus> Transport::wait_readable() {
  for (;;) {
    if (closed_) co_return IoStatus::kCancelled;
    if (read_expired_) co_return IoStatus::kTimeout;
    const auto [error] =
        co_await socket_.async_wait(Socket::wait_read, asio::as_tuple(asio::use_awaitable));
    if (!error) co_return IoStatus::kOk;
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return IoStatus::kCancelled;
    if (error != asio::error::operation_aborted) co_return IoStatus::kError;
  }
}

asio::awaitable<IoStatus> Transport::wait_writable() {
  if (write_timeout_ != base::Duration::max()) {
    write_expired_ = false;
    write_entry_.arm_after(write_timeout_);
  }
  for (;;) {
    if (closed_) co_return IoStatus::kCancelled;
    if (write_expired_) co_return IoStatus::kTimeout;
    const auto [error] =
        co_await socket_.async_wait(Socket::wait_write, asio::as_tuple(asio::use_awaitable));
    if (!error) {
      write_entry_.disarm();
      co_return IoStatus::kOk;
    }
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) co_return IoStatus::kCancelled;
    if (error != asio::error::operation_aborted) co_return IoStatus::kError;
  }
}

asio::awaitable<IoResult> Transport::read_some(std::span<char> into) {
  for (;;) {
    const IoResult result = try_read(into);
    IoStatus status = result.status;
    if (status == IoStatus::kWantRead) {
      status = co_await wait_readable();
    } else if (status == IoStatus::kWantWrite) {
      status = co_await wait_writable();
    } else {
      co_return result;
    }
    if (status != IoStatus::kOk) co_return IoResult{status};
  }
}

asio::awaitable<IoStatus> Transport::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const IoResult result = try_write(bytes);
    IoStatus status = result.status;
    if (status == IoStatus::kOk) {
      bytes.remove_prefix(result.bytes);
      continue;
    }
    if (status == IoStatus::kWantWrite) {
      status = co_await wait_writable();
    } else if (status == IoStatus::kWantRead) {
      status = co_await wait_readable();
    }
    if (status != IoStatus::kOk) co_return status;
  }
  co_return IoStatus::kOk;
}

void Transport::read_deadline(base::TimePoint when) {
  read_expired_ = false;
  read_entry_.arm(when);
}
void Transport::write_deadline(base::TimePoint when) {
  write_expired_ = false;
  write_entry_.arm(when);
}

void Transport::shutdown_send() {
  if (closed_) return;
  if (ssl_ && !broken_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ::shutdown(fd(), SHUT_WR);
}

void Transport::close() {
  if (closed_) return;
  if (ssl_ && !broken_ && SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  closed_ = true;
  boost::system::error_code ignored;
  (void)socket_.close(ignored);
}

}  // namespace seine::net::detail
