// The chunked transfer coding (RFC 9112 section 7.1), both ways, sans-IO. The decoder takes strict
// CRLF only, bounds extensions and trailers, and drops both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seine::net::detail {

class ChunkDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;    // bytes of the input that are done with
    std::string_view data = {};  // content, inside the input; may be empty before the end
  };

  // Makes progress until it has content, needs more input or has reached the end. kInvalidArgument
  // for broken coding.
  base::Result<Step> step(std::string_view input);
  bool done() const { return state_ == State::kDone; }
  // Content bytes still owed by the current chunk.
  std::uint64_t owed() const { return owed_; }

 private:
  enum class State : std::uint8_t {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kDone,
  };
  base::Result<void> take(char c);

  State state_ = State::kSize;
  std::uint64_t owed_ = 0;
  unsigned digits_ = 0;
  std::size_t extra_bytes_ = 0;  // extensions and trailers so far
};

// "1a\r\n": what goes before a piece; "\r\n" goes after it.
void append_chunk_size(std::string& out, std::size_t size);
inline constexpr std::string_view kChunkEnd = "\r\n";

}  // namespace seine::net::detail
