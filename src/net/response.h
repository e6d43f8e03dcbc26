// Response: what a handler says back. Either one send(), or start(), any number of write(), and
// finish(). Lives and is used like its Request. Framing fields (content-length, transfer-encoding,
// connection, date) are the server's: a handler that sets them is overruled. A handler that returns
// without having started a response causes 500.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/headers.h"

namespace seine::net {

namespace asio = boost::asio;

namespace detail {
class Exchange;
}

class Response {
 public:
  explicit Response(detail::Exchange& exchange) : exchange_(exchange) {}
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;

  // A field for whatever response follows, also an error (rate limit and CORS fields of a guard).
  void add_header(std::string_view name, std::string_view value);

  // The whole response; written when the handler returns or before. Nothing happens if one has been
  // started already.
  void send(int status, Headers headers, std::string body);
  void send(int status, std::string_view content_type, std::string body);
  void send_json(int status, std::string json);
  void send_text(int status, std::string text);
  // The error body of error_body.h with the status of base::http_status, or 413/408 when `error` is
  // what reading this request's body gave.
  void send_error(const base::Error& error);

  // Sends the header at once; the body follows piece by piece.
  asio::awaitable<base::Result<void>> start(int status, Headers headers);
  // Returns when the piece is handed on: to the socket, or into the stream's bounded buffer. So a
  // slow reader holds its producer back. `piece` must live until then. kCancelled when the peer is
  // gone, kDeadlineExceeded when it takes nothing for write_timeout.
  asio::awaitable<base::Result<void>> write(std::string_view piece);
  // Ends the body; returning from the handler does the same without trailers.
  asio::awaitable<base::Result<void>> finish(Headers trailers = {});

  bool started() const;
  int status() const;  // 0 until started
  std::uint64_t body_bytes() const;

 private:
  friend class WebSocket;
  detail::Exchange& exchange_;
};

}  // namespace seine::net
