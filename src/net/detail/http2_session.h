// Http2Session: the server side of HTTP/2 framing (RFC 9113) over nghttp2, sans-IO. Bytes go in by
// feed(), come out by output(); what happened is told through Http2Events, which must not call
// feed() or output(). Guards against floods of frames that cost the peer nothing. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/detail/http1_head.h"
#include "net/headers.h"
#include "net/limits.h"

namespace seine::net::detail {

class Http2Events {
 public:
  struct Pulled {
    std::size_t bytes = 0;
    bool end = false;  // with bytes == 0 and no end: nothing now, resume() will follow
  };

  virtual ~Http2Events() = default;
  // The whole head of a request. A fault is what to answer instead of running it.
  virtual void on_request(std::int32_t id, RequestHead head, HeadFault fault, bool ended) = 0;
  virtual void on_body(std::int32_t id, std::string_view bytes) = 0;
  virtual void on_body_end(std::int32_t id) = 0;
  // The stream is over; `error` is 0 after a complete exchange. Its id means nothing any more.
  virtual void on_closed(std::int32_t id, std::uint32_t error) = 0;
  // Response body for the wire, as far as the peer's window reaches.
  virtual Pulled pull_body(std::int32_t id, std::span<char> into) = 0;
  virtual Headers take_trailers(std::int32_t id) = 0;
};

class Http2Session {
 public:
  // References outlive the session.
  Http2Session(const ServerLimits& limits, const base::Clock& clock, Http2Events& events);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // False when the connection must end once output() is empty: nonsense from the peer, or a flood.
  bool feed(std::string_view bytes);
  // Bytes for the wire, about 64 KiB at most; empty when there are none now.
  std::string_view output();
  void sent(std::size_t bytes);
  // Nothing more to read or write.
  bool finished() const;
  bool flooded() const;

  // `headers` in lower case, without :status.
  void respond(std::int32_t id, int status, const Headers& headers, bool has_body);
  void resume(std::int32_t id);
  // The handler is done with so many bytes of the request body: opens the peer's windows.
  void consume(std::int32_t id, std::size_t bytes);
  // The same for a stream that is over.
  void consume_connection(std::size_t bytes);
  void reset(std::int32_t id, std::uint32_t error);
  // GOAWAY that lets streams on their way still arrive; then one that ends the connection.
  void announce_shutdown();
  void terminate(std::uint32_t error);

  // Error codes of RFC 9113 section 7 that callers use.
  static constexpr std::uint32_t kNoError = 0x0;
  static constexpr std::uint32_t kInternalError = 0x2;
  static constexpr std::uint32_t kRefusedStream = 0x7;
  static constexpr std::uint32_t kCancel = 0x8;
  static constexpr std::uint32_t kEnhanceYourCalm = 0xb;

  struct Impl;  // named by the callbacks

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::net::detail
