#include "net/detail/http2_connection.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>

#include "net/detail/http2_stream.h"

namespace seine::net::detail {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;

// The stream's own reference keeps it while its coroutine lives.
asio::awaitable<void> run_stream(std::shared_ptr<Http2Stream> stream) {
  co_await stream->run();
}

}  // namespace

Http2Connection::Http2Connection(const ServerConfig& config, Transport& transport, Buffer& in,
                                 std::string_view peer)
    : config_(config),
      transport_(transport),
      in_(in),
      peer_(peer),
      session_(config.limits, transport.state().ticker.clock(), *this),
      wake_writer_(transport.state().ticker.context().get_executor()),
      all_ended_(transport.state().ticker.context().get_executor()) {
  transport_.write_timeout(config.limits.write_timeout);
}

Http2Connection::~Http2Connection() = default;

asio::awaitable<CloseReason> Http2Connection::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  ++coroutines_;
  asio::co_spawn(transport_.state().ticker.context(), write_loop(),
                 [this](std::exception_ptr) { stream_ended(); });
  co_await read_loop();
  over_ = true;
  transport_.close();
  wake_writer_.set();
  // Streams end by cancellation; what they still hold is theirs, so they are waited for.
  const auto running = streams_;
  for (const auto& [id, stream] : running) stream->closed(Http2Session::kCancel);
  while (coroutines_ > 0) co_await all_ended_.wait();
  if (session_.flooded()) reason_ = CloseReason::kFlood;
  co_return reason_;
}

asio::awaitable<void> Http2Connection::read_loop() {
  bool going = true;
  for (;;) {
    if (!in_.empty() && going) {
      going = session_.feed(in_.view());
      in_.consume(in_.size());
      start_streams();
    }
    flush();
    if (session_.finished() && !writing_) {
      if (!going) reason_ = CloseReason::kProtocolError;
      co_return;
    }
    if (transport_.closed()) co_return;
    arm_idle();
    // Nothing is read while a stalled peer makes us hold output: its frames could only add to it.
    IoResult result{IoStatus::kWantRead};
    if (!writing_) result = transport_.try_read(in_.prepare(kReadBytes));
    if (result.status == IoStatus::kOk) {
      in_.commit(result.bytes);
      continue;
    }
    if (in_.empty()) in_.release();
    const IoStatus waited =
        result.status == IoStatus::kWantRead && !writing_ ? co_await transport_.wait_readable()
        : result.status == IoStatus::kWantRead || result.status == IoStatus::kWantWrite
            ? co_await transport_.wait_writable()
            : result.status;
    if (waited == IoStatus::kTimeout) {
      if (writing_) {
        reason_ = CloseReason::kSlowReader;
        co_return;
      }
      // Idle: say good-bye properly.
      reason_ = CloseReason::kIdle;
      session_.terminate(Http2Session::kNoError);
      flush();
      co_return;
    }
    if (waited != IoStatus::kOk) co_return;
  }
}

asio::awaitable<void> Http2Connection::write_loop() {
  co_await asio::this_coro::throw_if_cancelled(false);
  while (!over_) {
    co_await wake_writer_.wait();
    while (writing_ && !over_) {
      const IoStatus waited = co_await transport_.wait_writable();
      if (waited != IoStatus::kOk) {
        if (waited == IoStatus::kTimeout) reason_ = CloseReason::kSlowReader;
        transport_.close();
        break;
      }
      writing_ = false;
      flush();
    }
  }
}

void Http2Connection::flush() {
  if (writing_ || transport_.closed()) return;
  for (;;) {
    const std::string_view bytes = session_.output();
    if (bytes.empty()) break;
    const IoResult result = transport_.try_write(bytes);
    if (result.status == IoStatus::kOk) {
      session_.sent(result.bytes);
    } else if (result.status == IoStatus::kWantWrite || result.status == IoStatus::kWantRead) {
      writing_ = true;
      wake_writer_.set();
      return;
    } else {
      transport_.close();
      return;
    }
  }
}

void Http2Connection::flush_soon() {
  if (flush_planned_ || over_) return;
  flush_planned_ = true;
  ++coroutines_;  // keeps the connection until the call below
  asio::post(transport_.state().ticker.context(), [this] {
    flush_planned_ = false;
    flush();
    if (session_.finished() && !writing_) transport_.close();
    stream_ended();
  });
}

void Http2Connection::start_streams() {
  for (const std::shared_ptr<Http2Stream>& stream : std::exchange(to_start_, {})) {
    ++coroutines_;
    asio::co_spawn(
        transport_.state().ticker.context(), run_stream(stream),
        asio::bind_cancellation_slot(stream->signal().slot(), [this, stream](std::exception_ptr) {
          stream_ended();
          if (draining_ && coroutines_ <= 1 && !over_) {
            session_.terminate(Http2Session::kNoError);
            flush_soon();
          }
        }));
  }
}

void Http2Connection::stream_ended() {
  if (--coroutines_ == 0) all_ended_.set();
}

void Http2Connection::arm_idle() {
  transport_.read_deadline(streams_.empty() ? transport_.state().ticker.clock().now() +
                                                  config_.limits.idle_timeout
                                            : base::TimePoint::max());
}

Http2Stream* Http2Connection::find(std::int32_t id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void Http2Connection::on_request(std::int32_t id, RequestHead head, HeadFault fault, bool ended) {
  // Handlers that a peer has reset may still be on their way out; they count.
  if (coroutines_ + to_start_.size() > 2 * std::size_t{config_.limits.h2_streams_max}) {
    session_.reset(id, Http2Session::kRefusedStream);
    return;
  }
  auto stream = std::make_shared<Http2Stream>(*this, id, std::move(head), fault, ended);
  streams_.emplace(id, stream);
  to_start_.push_back(std::move(stream));
}

void Http2Connection::on_body(std::int32_t id, std::string_view bytes) {
  if (Http2Stream* stream = find(id)) {
    stream->receive(bytes);
  } else {
    session_.consume_connection(bytes.size());
  }
}

void Http2Connection::on_body_end(std::int32_t id) {
  if (Http2Stream* stream = find(id)) stream->receive_end();
}

void Http2Connection::on_closed(std::int32_t id, std::uint32_t error) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const std::shared_ptr<Http2Stream> stream = std::move(found->second);
  streams_.erase(found);
  stream->closed(error);
  if (streams_.empty()) arm_idle();
}

Http2Events::Pulled Http2Connection::pull_body(std::int32_t id, std::span<char> into) {
  Http2Stream* stream = find(id);
  return stream != nullptr ? stream->pull(into) : Pulled{0, true};
}

Headers Http2Connection::take_trailers(std::int32_t id) {
  Http2Stream* stream = find(id);
  return stream != nullptr ? stream->take_trailers() : Headers();
}

void Http2Connection::drain() {
  if (std::exchange(draining_, true)) return;
  if (streams_.empty() && coroutines_ <= 1) {
    reason_ = CloseReason::kDrain;
    session_.terminate(Http2Session::kNoError);
  } else {
    session_.announce_shutdown();
  }
  flush_soon();
}

void Http2Connection::stop_now() {
  reason_ = CloseReason::kDrain;
  const auto running = streams_;
  for (const auto& [id, stream] : running) stream->cancel(CancelReason::kDrain);
  drain();
}

}  // namespace seine::net::detail
