// The framing of the DevTools pipe: JSON texts, each closed by a NUL byte. Sans-IO and bounded: a
// browser that a page has taken over may send anything. One thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace seine::web {

// What came: an answer to a call (`id` is set), or an event (`method` is set).
struct CdpMessage {
  std::optional<std::int64_t> id;
  std::string method;
  std::string session;  // empty: of the browser itself
  base::Json params;    // of an event, or the result of a call
  std::string error;    // of a call that the browser refused
};

class CdpSplitter {
 public:
  static constexpr std::size_t kMessageBytesMax = std::size_t{64} << 20;

  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next message; nothing when more bytes are needed; an error when what came is no protocol
  // message, after which the connection is not to be trusted again.
  base::Result<std::optional<CdpMessage>> next();

 private:
  std::string buffer_;
  std::size_t scanned_ = 0;  // bytes known to hold no NUL
};

}  // namespace seine::web
