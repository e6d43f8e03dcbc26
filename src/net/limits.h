// Every bound of the HTTP server in one place. Plain values, copied into each connection when it
// starts; a change needs a new Server. No field means "unlimited": what the outside world sends is
// always bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace seine::net {

struct ServerLimits {
  using Milliseconds = std::chrono::milliseconds;

  // Connections. One over the bound is answered 503 (TLS: closed) at once.
  std::size_t connections_max = 16384;
  // Between requests, and for HTTP/2 without an open stream.
  Milliseconds idle_timeout{75'000};
  // From a request's first byte to the end of its header, and for the TLS handshake (slow loris).
  Milliseconds header_timeout{10'000};
  // Longest wait for one more byte of a body that a handler is reading.
  Milliseconds body_timeout{30'000};
  // Longest wait for a slow reader to take one more byte of a response.
  Milliseconds write_timeout{30'000};
  // From the end of the header to the end of the response: Request::deadline(). The handler is
  // cancelled after it; 504 if nothing was sent.
  Milliseconds request_timeout{600'000};

  // The request target: 414 past it.
  std::size_t target_bytes_max = 8 * 1024;
  // All header fields, each counted as name + value + 32 (RFC 9113 section 6.5.2): 431 past it.
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t header_count_max = 128;
  // Request body, after decoding of chunks: 413 past it. Routes may set their own.
  std::uint64_t body_bytes_max = std::uint64_t{32} << 20;
  // How much of a body that nobody read is swallowed to keep the connection for the next request.
  std::size_t discard_bytes_max = 256 * 1024;

  // HTTP/2 (RFC 9113).
  std::uint32_t h2_streams_max = 256;                      // running at once on one connection
  std::uint32_t h2_stream_window_bytes = 64 * 1024;        // request body buffered per stream
  std::uint32_t h2_connection_window_bytes = 1024 * 1024;  // and per connection
  // Response bytes a stream may hold that the peer's window or the socket has not taken yet; a
  // producer waits past it.
  std::size_t h2_stream_buffer_bytes = 64 * 1024;
  // Frames that cost the peer nothing (PING, SETTINGS, PRIORITY, RST_STREAM, empty DATA): a burst
  // and a refill. Past it: GOAWAY with ENHANCE_YOUR_CALM (CVE-2019-9512..9518, CVE-2023-44487).
  std::uint32_t h2_control_burst_max = 1000;
  std::uint32_t h2_control_per_second = 100;

  // Bytes of one WebSocket message.
  std::size_t websocket_message_bytes_max = std::size_t{1} << 20;
};

}  // namespace seine::net
