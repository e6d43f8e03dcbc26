// gRPC over HTTP/2 as bytes: messages between five-byte frames, the timeout field, the status
// fields. What it says on the wire: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
// Sans-IO.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "net/headers.h"

namespace seine::gateway::grpc {

inline constexpr std::string_view kContentType = "application/grpc";
// A request's message; a long conversation fits many times.
inline constexpr std::size_t kMessageBytesMax = std::size_t{16} << 20;

// application/grpc and application/grpc+proto, with or without parameters.
bool is_grpc_content(std::string_view content_type);

// An uncompressed frame around `message`, which has less than 4 GiB.
void append_frame(std::string& out, std::string_view message);
// The message of a body that must hold exactly one; lives as long as `body`. kUnimplemented for a
// compressed one and for any other number of messages, kResourceExhausted over kMessageBytesMax.
base::Result<std::string_view> only_message(std::string_view body);

// Messages of a body that comes in pieces.
class FrameReader {
 public:
  explicit FrameReader(std::size_t message_bytes_max) : max_(message_bytes_max) {}
  void feed(std::string_view piece) { buffer_ += piece; }
  // The next whole message; nothing while it is on its way. kUnimplemented for a compressed one,
  // kResourceExhausted over the limit.
  base::Result<std::optional<std::string>> next();
  bool empty() const { return buffer_.empty(); }

 private:
  const std::size_t max_;
  std::string buffer_;
};

// grpc-timeout: one to eight digits and a unit, H M S m u n.
base::Result<base::Duration> parse_timeout(std::string_view field);

// grpc-status 0, or the error's code with grpc-message and, where an input is at fault,
// error-field.
net::Headers ok_fields();
net::Headers status_fields(const base::Error& error);

}  // namespace seine::gateway::grpc
