// HTTP/2 on one connection: a reading coroutine that feeds the session, one coroutine per stream
// that runs a handler, and a writer that sleeps unless the socket is full. All on one context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/detail/exchange.h"
#include "net/detail/http2_session.h"
#include "net/detail/protocol.h"
#include "net/event.h"

namespace seine::net::detail {

class Http2Stream;

class Http2Connection final : public ProtocolConnection, private Http2Events {
 public:
  // `in` may hold first bytes. All references outlive the connection.
  Http2Connection(const ServerConfig& config, Transport& transport, Buffer& in,
                  std::string_view peer);
  ~Http2Connection() override;

  asio::awaitable<CloseReason> run() override;
  void drain() override;
  void stop_now() override;

 private:
  friend class Http2Stream;

  void on_request(std::int32_t id, RequestHead head, HeadFault fault, bool ended) override;
  void on_body(std::int32_t id, std::string_view bytes) override;
  void on_body_end(std::int32_t id) override;
  void on_closed(std::int32_t id, std::uint32_t error) override;
  Pulled pull_body(std::int32_t id, std::span<char> into) override;
  Headers take_trailers(std::int32_t id) override;

  // Writes what there is, now; what the socket does not take is left to the writer.
  void flush();
  // The same, once at the end of this turn of the event loop: pieces of many streams leave
  // together.
  void flush_soon();
  asio::awaitable<void> read_loop();
  asio::awaitable<void> write_loop();
  void start_streams();
  void stream_ended();
  void arm_idle();
  Http2Stream* find(std::int32_t id);

  const ServerConfig& config_;
  Transport& transport_;
  Buffer& in_;
  const std::string_view peer_;
  Http2Session session_;
  std::unordered_map<std::int32_t, std::shared_ptr<Http2Stream>> streams_;
  std::vector<std::shared_ptr<Http2Stream>> to_start_;
  std::size_t coroutines_ = 0;  // streams' and the writer's
  Event wake_writer_;
  Event all_ended_;
  CloseReason reason_ = CloseReason::kNormal;
  bool writing_ = false;
  bool flush_planned_ = false;
  bool over_ = false;
  bool draining_ = false;
};

}  // namespace seine::net::detail
