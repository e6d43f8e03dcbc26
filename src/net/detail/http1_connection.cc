#include "net/detail/http1_connection.h"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>
#include <iterator>

#include "net/detail/field_syntax.h"
#include "net/error_body.h"

namespace seine::net::detail {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kHeadRead = 4 * 1024;
constexpr std::size_t kBodyRead = 16 * 1024;
// Small answers to pipelined requests are gathered up to this.
constexpr std::size_t kGather = 64 * 1024;
// Pieces up to this are copied beside their chunk framing; larger ones are sent from where they
// are.
constexpr std::size_t kCopyPiece = 16 * 1024;
constexpr std::size_t kLingerBytes = 1024 * 1024;
constexpr std::chrono::seconds kLingerTime{2};

bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

Http1Connection::Http1Connection(const ServerConfig& server, Transport& transport, Buffer& in,
                                 std::string_view peer_name, asio::cancellation_signal& signal)
    : Exchange(server, transport.state(), peer_name, transport.tls(), Protocol::kHttp1),
      transport_(transport),
      in_(in),
      signal_(signal),
      watch_(transport.state().ticker, transport.fd(), [this] { cancel(CancelReason::kPeerGone); }),
      head_limits_{server.limits.target_bytes_max, server.limits.header_bytes_max,
                   server.limits.header_count_max} {
  transport_.write_timeout(server.limits.write_timeout);
}

asio::awaitable<CloseReason> Http1Connection::run() {
  // For the connection a cancellation is an outcome, for the handler it is an exception.
  co_await asio::this_coro::throw_if_cancelled(false);
  while (co_await read_head()) {
    begin();
    co_await asio::this_coro::throw_if_cancelled(true);
    const bool answered = co_await run_handler();
    co_await asio::this_coro::throw_if_cancelled(false);
    watch_.stop();
    // A cancelled handler leaves the coroutine cancelled; what follows is the connection's own.
    co_await asio::this_coro::reset_cancellation_state();
    if (upgraded_) {
      complete_ = true;
      end();
      break;
    }
    if (answered && !complete_ && cancelled == CancelReason::kNone) co_await finish({});
    if (!complete_) {
      // Cut off: the missing last chunk, or the short body, tells the peer.
      end();
      break;
    }
    end();
    if (!co_await discard_body()) keep_alive_ = false;
    if (!keep_alive_) break;
    if (out_.size() > kGather && !co_await flush()) break;
    if (draining_) break;
  }
  if (!upgraded_) {
    co_await flush();
    if (lingers_) co_await linger();
  }
  transport_.close();
  co_return reason_;
}

// True with a request in `head`; false when the connection is over, an answer to what was wrong in
// out_.
asio::awaitable<bool> Http1Connection::read_head() {
  const ServerLimits& limits = config.limits;
  scanner_.reset();
  idle_ = false;
  bool begun = false;
  for (;;) {
    // Empty lines before a request line are passed over (RFC 9112 section 2.2).
    while (!begun && in_.view().starts_with("\r\n")) in_.consume(2);
    if (!in_.empty() && in_.view() != "\r") {
      if (!begun) {
        begun = true;
        transport_.read_deadline(state.ticker.clock().now() + limits.header_timeout);
      }
      const HeadScanner::Outcome found = scanner_.scan(in_.view(), head_limits_);
      HeadFault fault = found.fault;
      if (!fault && found.size > 0) {
        fault = parse_request_head(in_.view().substr(0, found.size), head_limits_, head);
        if (!fault) {
          in_.consume(found.size);
          break;
        }
      }
      if (fault) {
        refuse(fault);
        co_return false;
      }
    }
    if (!out_.empty() && !co_await flush()) co_return false;
    if (draining_ && in_.empty()) co_return false;
    IoResult result = transport_.try_read(in_.prepare(kHeadRead));
    if (result.status == IoStatus::kWantRead || result.status == IoStatus::kWantWrite) {
      idle_ = !begun;
      if (!begun) {
        if (in_.empty()) in_.release();
        transport_.read_deadline(state.ticker.clock().now() + limits.idle_timeout);
      }
      const IoStatus waited = result.status == IoStatus::kWantRead
                                  ? co_await transport_.wait_readable()
                                  : co_await transport_.wait_writable();
      idle_ = false;
      if (waited == IoStatus::kTimeout) {
        reason_ = begun ? CloseReason::kSlowHeader : CloseReason::kIdle;
        if (begun) refuse({408, "the request header took too long"});
        co_return false;
      }
      if (waited != IoStatus::kOk) co_return false;
      continue;
    }
    if (result.status != IoStatus::kOk) co_return false;
    in_.commit(result.bytes);
  }
  transport_.read_deadline(base::TimePoint::max());
  keep_alive_ = head.keep_alive && !draining_;
  continue_due_ = head.expects_continue && head.framing != Framing::kNone;
  chunks_ = {};
  body_left_ = head.framing == Framing::kLength ? head.content_length : 0;
  consume_next_ = 0;
  chunked_out_ = false;
  body_allowed_ = true;
  if (body_complete()) watch_.start();
  co_return true;
}

// What cannot be read as a request gets one answer, and the connection ends: where the next message
// begins is unknown.
void Http1Connection::refuse(const HeadFault& fault) {
  if (reason_ == CloseReason::kNormal) reason_ = CloseReason::kProtocolError;
  const Code code = fault.status == 431 || fault.status == 414 ? Code::kResourceExhausted
                    : fault.status == 501                      ? Code::kUnimplemented
                    : fault.status == 408                      ? Code::kDeadlineExceeded
                                                               : Code::kInvalidArgument;
  const std::string body = error_body({code, fault.what}, {});
  fmt::format_to(std::back_inserter(out_),
                 "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n"
                 "date: {}\r\nconnection: close\r\n\r\n{}",
                 fault.status, reason_phrase(fault.status), body.size(), state.http_date(), body);
  lingers_ = true;
}

bool Http1Connection::body_complete() const {
  switch (head.framing) {
    case Framing::kLength:
      return body_left_ == 0;
    case Framing::kChunked:
      return chunks_.done();
    case Framing::kNone:
    case Framing::kUntilClose:
      break;
  }
  return true;
}

asio::awaitable<base::Result<void>> Http1Connection::need_input() {
  transport_.read_deadline(state.ticker.clock().now() + config.limits.body_timeout);
  const IoResult result = co_await transport_.read_some(in_.prepare(kBodyRead));
  transport_.read_deadline(base::TimePoint::max());
  switch (result.status) {
    case IoStatus::kOk:
      in_.commit(result.bytes);
      co_return base::Result<void>{};
    case IoStatus::kTimeout:
      keep_alive_ = false;
      reason_ = CloseReason::kSlowBody;
      co_return body_fault(408, Code::kDeadlineExceeded, "the request body came too slowly");
    default:
      keep_alive_ = false;
      cancel(CancelReason::kPeerGone);
      co_return fail(Code::kCancelled, "the peer left within its request");
  }
}

asio::awaitable<base::Result<std::string_view>> Http1Connection::read_some() {
  in_.consume(std::exchange(consume_next_, 0));
  if (body_complete()) co_return std::string_view();
  if (head.framing == Framing::kLength && body_received + body_left_ > body_limit) {
    keep_alive_ = keep_alive_ && discard_is_cheap();
    co_return body_fault(
        413, Code::kResourceExhausted,
        fmt::format("the body has {} bytes, the limit is {}", head.content_length, body_limit));
  }
  if (std::exchange(continue_due_, false)) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    SEINE_CO_CHECK(co_await flush());
  }
  for (;;) {
    std::string_view piece;
    if (head.framing == Framing::kLength) {
      piece = in_.view().substr(0, body_left_);
      body_left_ -= piece.size();
      consume_next_ = piece.size();
    } else {
      const base::Result<ChunkDecoder::Step> step = chunks_.step(in_.view());
      if (!step) {
        keep_alive_ = false;
        lingers_ = true;
        co_return body_fault(400, step.error().code, step.error().message);
      }
      piece = step->data;
      if (piece.empty()) {
        in_.consume(step->consumed);
      } else {
        consume_next_ = step->consumed;
      }
    }
    body_received += piece.size();
    if (body_received > body_limit) {
      keep_alive_ = false;
      lingers_ = true;
      co_return body_fault(413, Code::kResourceExhausted,
                           fmt::format("the body passes the limit of {} bytes", body_limit));
    }
    // The watch must not see a half-closed peer while its body is still in the socket.
    if (body_complete()) watch_.start();
    if (!piece.empty() || body_complete()) co_return piece;
    SEINE_CO_CHECK(co_await need_input());
  }
}

// Worth reading on to keep the connection?
bool Http1Connection::discard_is_cheap() const {
  if (body_complete()) return true;
  if (continue_due_) return false;
  return head.framing == Framing::kChunked || body_left_ <= config.limits.discard_bytes_max;
}

asio::awaitable<bool> Http1Connection::discard_body() {
  in_.consume(std::exchange(consume_next_, 0));
  if (body_complete()) co_return true;
  lingers_ = true;
  if (!keep_alive_ || !discard_is_cheap()) co_return false;
  if (!co_await flush()) co_return false;
  continue_due_ = false;
  body_limit = body_received + config.limits.discard_bytes_max;
  for (;;) {
    const base::Result<std::string_view> piece = co_await read_some();
    if (!piece) co_return false;
    if (piece->empty()) break;
  }
  watch_.stop();
  lingers_ = false;
  co_return true;
}

void Http1Connection::append_head(int response_status, const Headers& headers) {
  mark_started(response_status);
  body_allowed_ = has_body(response_status) && head.method != "HEAD";
  if (!discard_is_cheap() || draining_) keep_alive_ = false;
  fmt::format_to(std::back_inserter(out_), "HTTP/1.1 {} {}\r\n", response_status,
                 reason_phrase(response_status));
  each_response_field(headers, [this](std::string_view name, std::string_view value) {
    out_.append(name).append(": ").append(value).append("\r\n");
  });
  if (!keep_alive_) {
    out_ += "connection: close\r\n";
  } else if (head.minor_version == 0) {
    out_ += "connection: keep-alive\r\n";
  }
}

void Http1Connection::send(int response_status, Headers headers, std::string body) {
  append_head(response_status, headers);
  if (has_body(response_status)) {
    fmt::format_to(std::back_inserter(out_), "content-length: {}\r\n", body.size());
  }
  out_ += "\r\n";
  if (body_allowed_) {
    out_ += body;
    body_sent = body.size();
  }
  complete_ = true;
}

asio::awaitable<base::Result<void>> Http1Connection::start(int response_status, Headers headers) {
  if (status != 0) co_return fail(Code::kFailedPrecondition, "a response has been started");
  chunked_out_ = head.minor_version >= 1 && has_body(response_status);
  if (!chunked_out_ && has_body(response_status)) keep_alive_ = false;  // the end is the close
  append_head(response_status, headers);
  if (chunked_out_) out_ += "transfer-encoding: chunked\r\n";
  out_ += "\r\n";
  co_return co_await flush();
}

asio::awaitable<base::Result<void>> Http1Connection::write(std::string_view piece) {
  if (status == 0 || complete_) {
    co_return fail(Code::kFailedPrecondition, "no response is being written");
  }
  if (piece.empty() || !body_allowed_) co_return base::Result<void>{};
  body_sent += piece.size();
  if (chunked_out_) append_chunk_size(out_, piece.size());
  if (piece.size() <= kCopyPiece) {
    out_ += piece;
  } else {
    SEINE_CO_CHECK(co_await flush());
    SEINE_CO_CHECK(co_await put(piece));
  }
  if (chunked_out_) out_ += kChunkEnd;
  co_return co_await flush();
}

asio::awaitable<base::Result<void>> Http1Connection::finish(Headers trailers) {
  if (status == 0) co_return fail(Code::kFailedPrecondition, "no response has been started");
  if (complete_) co_return base::Result<void>{};
  complete_ = true;
  if (chunked_out_ && body_allowed_) {
    out_ += "0\r\n";
    for (const Headers::Field field : trailers) {
      if (is_framing_field(field.name) || !is_sendable_field(field.name, field.value)) continue;
      out_.append(field.name).append(": ").append(field.value).append("\r\n");
    }
    out_ += "\r\n";
  }
  co_return co_await flush();
}

asio::awaitable<base::Result<void>> Http1Connection::flush() {
  if (out_.empty()) co_return base::Result<void>{};
  base::Result<void> sent = co_await put(out_);
  out_.clear();
  if (out_.capacity() > kGather) out_.shrink_to_fit();
  co_return sent;
}

asio::awaitable<base::Result<void>> Http1Connection::put(std::string_view bytes) {
  const IoStatus outcome = co_await transport_.write_all(bytes);
  if (outcome == IoStatus::kOk) co_return base::Result<void>{};
  keep_alive_ = false;
  complete_ = false;
  if (outcome == IoStatus::kTimeout) {
    reason_ = CloseReason::kSlowReader;
    cancel(CancelReason::kPeerGone);
    co_return fail(Code::kDeadlineExceeded, "the peer reads too slowly");
  }
  cancel(CancelReason::kPeerGone);
  co_return fail(Code::kCancelled, "the peer is gone");
}

// Closing with unread input would make the kernel reset the connection, and the peer might lose the
// answer: its rest is swallowed for a moment first (RFC 9112 section 9.6).
asio::awaitable<void> Http1Connection::linger() {
  transport_.shutdown_send();
  transport_.read_deadline(state.ticker.clock().now() + kLingerTime);
  for (std::size_t total = 0; total < kLingerBytes;) {
    in_.consume(in_.size());
    const IoResult result = co_await transport_.read_some(in_.prepare(kBodyRead));
    if (result.status != IoStatus::kOk) break;
    total += result.bytes;
  }
}

std::pair<Transport*, Buffer*> Http1Connection::upgrade() {
  if (status != 0 || !body_complete() || !out_.empty() || draining_) return {nullptr, nullptr};
  mark_started(101);
  upgraded_ = true;
  keep_alive_ = false;
  watch_.stop();  // the new protocol reads the socket and sees the peer go
  set_deadline(base::Deadline::never());
  return {&transport_, &in_};
}

void Http1Connection::emit_cancel() {
  signal_.emit(asio::cancellation_type::terminal);
}

void Http1Connection::drain() {
  draining_ = true;
  if (idle_) {
    reason_ = CloseReason::kDrain;
    transport_.close();
  }
}

void Http1Connection::stop_now() {
  draining_ = true;
  reason_ = CloseReason::kDrain;
  watch_.stop();
  if (idle_ || status != 0) transport_.close();
  cancel(CancelReason::kDrain);
}

}  // namespace seine::net::detail
