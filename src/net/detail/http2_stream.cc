#include "net/detail/http2_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cstring>

#include "base/text.h"
#include "net/detail/http2_connection.h"
#include "net/error_body.h"

namespace seine::net::detail {
namespace {

using base::Code;
using base::fail;

// A response whose rest is at most this is left to the connection: its coroutine does not wait.
constexpr std::size_t kLeaveBehind = 16 * 1024;

bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

Headers lower_case(const Headers& headers) {
  Headers out;
  for (const Headers::Field field : headers) out.add(base::ascii_lower(field.name), field.value);
  return out;
}

}  // namespace

Http2Stream::Http2Stream(Http2Connection& connection, std::int32_t id, RequestHead request_head,
                         HeadFault fault, bool ended)
    : Exchange(connection.config_, connection.transport_.state(), connection.peer_,
               connection.transport_.tls(), Protocol::kHttp2),
      connection_(connection),
      stream_id_(id),
      fault_(fault),
      in_ended_(ended) {
  head = std::move(request_head);
}

asio::awaitable<void> Http2Stream::run() {
  begin();
  if (closed_) cancel(CancelReason::kPeerGone);
  bool answered = true;
  if (fault_) {
    const Code code = fault_.status == 400   ? Code::kInvalidArgument
                      : fault_.status == 501 ? Code::kUnimplemented
                                             : Code::kResourceExhausted;
    disarm_deadline();
    response.send(fault_.status, "application/json",
                  error_body({code, fault_.what}, Exchange::id()));
  } else {
    answered = co_await run_handler();
  }
  co_await asio::this_coro::reset_cancellation_state();
  co_await asio::this_coro::throw_if_cancelled(false);
  if (answered && !closed_) {
    co_await finish({});
    if (unsent() > kLeaveBehind) co_await wait_unsent(0);
    complete_ = pulled_end_ || (!closed_ && unsent() <= kLeaveBehind);
  } else if (!closed_) {
    connection_.session_.reset(stream_id_, Http2Session::kInternalError);
    connection_.flush_soon();
  }
  end();
}

void Http2Stream::wake(std::optional<Event>& event) {
  if (event) event->set();
}

asio::awaitable<Event::Outcome> Http2Stream::wait(std::optional<Event>& event,
                                                  base::Duration time) {
  if (!event) event.emplace(co_await asio::this_coro::executor);
  co_return co_await event->wait_for(time);
}

void Http2Stream::receive(std::string_view bytes) {
  in_ += bytes;
  wake(readable_);
}
void Http2Stream::receive_end() {
  in_ended_ = true;
  wake(readable_);
}

void Http2Stream::closed(std::uint32_t error) {
  closed_ = true;
  connection_.session_.consume_connection(in_.size() + piece_.size());
  if (error != Http2Session::kNoError || !pulled_end_) cancel(CancelReason::kPeerGone);
  wake(readable_);
  wake(writable_);
}

Http2Events::Pulled Http2Stream::pull(std::span<char> into) {
  const std::size_t bytes = std::min(into.size(), unsent());
  std::memcpy(into.data(), out_.data() + out_begin_, bytes);
  out_begin_ += bytes;
  if (out_begin_ == out_.size()) {
    out_.clear();
    out_begin_ = 0;
  }
  pulled_end_ = out_ended_ && out_.empty();
  wake(writable_);
  return {bytes, pulled_end_};
}

asio::awaitable<base::Result<std::string_view>> Http2Stream::read_some() {
  if (!piece_.empty()) {
    if (!closed_) {
      connection_.session_.consume(stream_id_, piece_.size());
      connection_.flush_soon();
    }
    piece_.clear();
  }
  if (head.content_length > body_limit) {
    co_return body_fault(
        413, Code::kResourceExhausted,
        fmt::format("the body has {} bytes, the limit is {}", head.content_length, body_limit));
  }
  while (in_.empty() && !in_ended_) {
    if (closed_) co_return fail(Code::kCancelled, "the peer has reset the stream");
    const Event::Outcome outcome = co_await wait(readable_, config.limits.body_timeout);
    if (outcome == Event::Outcome::kCancelled) co_return fail(Code::kCancelled, "cancelled");
    if (outcome == Event::Outcome::kTimeout) {
      co_return body_fault(408, Code::kDeadlineExceeded, "the request body came too slowly");
    }
  }
  piece_.swap(in_);
  body_received += piece_.size();
  if (body_received > body_limit) {
    co_return body_fault(413, Code::kResourceExhausted,
                         fmt::format("the body passes the limit of {} bytes", body_limit));
  }
  co_return piece_;
}

void Http2Stream::respond(int response_status, const Headers& headers, bool ends,
                          std::size_t length) {
  mark_started(response_status);
  Headers fields;
  each_response_field(headers, [&fields](std::string_view name, std::string_view value) {
    fields.add(base::ascii_lower(name), value);
  });
  if (ends && has_body(response_status)) fields.add("content-length", std::to_string(length));
  const bool body = has_body(response_status) && head.method != "HEAD" && !(ends && length == 0);
  if (!body) {
    out_ended_ = true;
    pulled_end_ = true;
  }
  if (!closed_) connection_.session_.respond(stream_id_, response_status, fields, body);
  connection_.flush_soon();
}

void Http2Stream::send(int response_status, Headers headers, std::string body) {
  const std::size_t length = body.size();
  if (has_body(response_status) && head.method != "HEAD") {
    out_ = std::move(body);
    body_sent = length;
  }
  out_ended_ = true;
  respond(response_status, headers, true, length);
}

asio::awaitable<base::Result<void>> Http2Stream::start(int response_status, Headers headers) {
  if (status != 0) co_return fail(Code::kFailedPrecondition, "a response has been started");
  respond(response_status, headers, false, 0);
  co_return base::Result<void>{};
}

asio::awaitable<base::Result<void>> Http2Stream::write(std::string_view piece) {
  if (status == 0) co_return fail(Code::kFailedPrecondition, "no response has been started");
  if (out_ended_) {
    if (pulled_end_ && !closed_) co_return base::Result<void>{};  // HEAD: nothing is sent
    co_return fail(Code::kFailedPrecondition, "the response has ended");
  }
  const std::size_t room = config.limits.h2_stream_buffer_bytes;
  while (!piece.empty()) {
    if (closed_) co_return fail(Code::kCancelled, "the peer has reset the stream");
    if (unsent() >= room) {
      SEINE_CO_CHECK(co_await wait_unsent(room / 2));
      continue;
    }
    const std::string_view part = piece.substr(0, room - unsent());
    piece.remove_prefix(part.size());
    if (out_begin_ > room) {
      out_.erase(0, out_begin_);
      out_begin_ = 0;
    }
    out_ += part;
    body_sent += part.size();
    connection_.session_.resume(stream_id_);
    connection_.flush_soon();
  }
  co_return base::Result<void>{};
}

asio::awaitable<base::Result<void>> Http2Stream::finish(Headers trailers) {
  if (status == 0) co_return fail(Code::kFailedPrecondition, "no response has been started");
  if (out_ended_) co_return base::Result<void>{};
  out_ended_ = true;
  trailers_ = lower_case(trailers);
  if (!closed_) {
    connection_.session_.resume(stream_id_);
    connection_.flush_soon();
  }
  co_return base::Result<void>{};
}

asio::awaitable<base::Result<void>> Http2Stream::wait_unsent(std::size_t bytes) {
  while (unsent() > bytes) {
    if (closed_) co_return fail(Code::kCancelled, "the peer has reset the stream");
    const Event::Outcome outcome = co_await wait(writable_, config.limits.write_timeout);
    if (outcome == Event::Outcome::kSet) continue;
    if (!closed_) {
      connection_.session_.reset(stream_id_, Http2Session::kCancel);
      connection_.flush_soon();
    }
    if (outcome == Event::Outcome::kCancelled) co_return fail(Code::kCancelled, "cancelled");
    co_return fail(Code::kDeadlineExceeded, "the peer reads too slowly");
  }
  co_return base::Result<void>{};
}

void Http2Stream::emit_cancel() {
  signal_.emit(asio::cancellation_type::terminal);
}

}  // namespace seine::net::detail
