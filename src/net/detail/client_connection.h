// ClientConnection: HTTP/1.1 to one origin, one request at a time. Lives on one context; owned by
// the response that is being read, or by the pool in between.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "net/client.h"
#include "net/detail/buffer.h"
#include "net/detail/chunked.h"
#include "net/detail/http1_head.h"
#include "net/detail/transport.h"

namespace seine::net::detail {

class ClientConnection {
 public:
  ClientConnection(std::unique_ptr<Transport> transport, std::string origin);

  // The deadlines of the request that is under way.
  void begin(const ClientLimits& limits, base::Deadline total);
  // All of `bytes`, an error that names the phase otherwise.
  asio::awaitable<base::Result<void>> write(std::string_view bytes);
  // The head of the final response; informational ones are passed over.
  asio::awaitable<base::Result<ResponseHead>> read_head(bool to_head);
  // After the 2xx answer to a CONNECT: what follows is the origin's, under TLS. Bytes that came
  // with the answer are not, and are refused: nobody may speak in the origin's name.
  base::Result<void> begin_tunnel();
  // The next piece of its body; empty at the end. Lives until the next call.
  asio::awaitable<base::Result<std::string_view>> read_body();
  bool body_complete() const { return body_complete_; }

  // May it carry another request? Only right after a complete body.
  bool reusable();
  bool used() const { return used_; }
  // The peer has sent something of its own accord, or closed: not to be used again.
  bool stale();
  const std::string& origin() const { return origin_; }
  Transport& transport() { return *transport_; }
  base::TimePoint idle_since = {};

 private:
  asio::awaitable<base::Result<void>> need_input(base::Duration wait, std::string_view phase);
  std::unexpected<base::Error> io_error(IoStatus status, std::string_view phase) const;

  std::unique_ptr<Transport> transport_;
  const std::string origin_;
  ClientLimits limits_;
  base::Deadline total_ = base::Deadline::never();
  Buffer in_;
  ChunkDecoder chunks_;
  Framing framing_ = Framing::kNone;
  std::uint64_t body_left_ = 0;
  std::size_t consume_next_ = 0;
  bool body_complete_ = true;
  bool keep_alive_ = true;
  bool used_ = false;
};

}  // namespace seine::net::detail
