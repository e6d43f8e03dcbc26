// The head of an HTTP/1.1 message, read strictly (RFC 9112): sans-IO, for server and client. What
// two parsers could read in two ways is refused: bare LF, folded lines, space before a colon,
// repeated or listed Content-Length, Content-Length beside Transfer-Encoding, other codings than
// chunked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/headers.h"

namespace seine::net::detail {

struct HeadLimits {
  std::size_t target_bytes_max = 8 * 1024;
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t header_count_max = 128;
};

enum class Framing : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

struct RequestHead {
  std::string method;
  std::string target;     // origin form or "*"; an absolute form loses its authority to the next
  std::string authority;  // from the absolute form, else from Host
  int minor_version = 1;
  Headers headers;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
};

struct ResponseHead {
  int status = 0;
  int minor_version = 1;
  Headers headers;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
};

// A status that is 0 while all is well; the HTTP status to answer with otherwise (400, 414, 431,
// 501, 505).
struct HeadFault {
  int status = 0;
  const char* what = "";
  explicit operator bool() const { return status != 0; }
};

// Finds the end of a head in a growing buffer without looking at a byte twice.
class HeadScanner {
 public:
  struct Outcome {
    std::size_t size = 0;  // of the head with its blank line; 0: more is needed
    HeadFault fault;
  };
  // `buffer` is everything since the message began; only grows between calls until the head is
  // found.
  Outcome scan(std::string_view buffer, const HeadLimits& limits);
  void reset() { *this = {}; }

 private:
  std::size_t seen_ = 0;
  std::size_t line_start_ = 0;
  std::size_t lines_ = 0;
};

// `head` ends with its blank line, as the scanner found it. `out` is cleared first and keeps its
// capacity.
HeadFault parse_request_head(std::string_view head, const HeadLimits& limits, RequestHead& out);
// `to_head` is whether the request was a HEAD, whose answer has no body.
HeadFault parse_response_head(std::string_view head, const HeadLimits& limits, bool to_head,
                              ResponseHead& out);

}  // namespace seine::net::detail
