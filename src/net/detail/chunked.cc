#include "net/detail/chunked.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace seine::net::detail {
namespace {

constexpr std::size_t kExtraBytesMax = 8 * 1024;
constexpr unsigned kDigitsMax = 15;  // stays below 2^60

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

auto broken(std::string_view what) {
  return base::fail_field(base::Code::kInvalidArgument, "body", "chunked coding: {}", what);
}

}  // namespace

base::Result<ChunkDecoder::Step> ChunkDecoder::step(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const std::size_t take_bytes =
          static_cast<std::size_t>(std::min<std::uint64_t>(owed_, input.size() - step.consumed));
      step.data = input.substr(step.consumed, take_bytes);
      step.consumed += take_bytes;
      owed_ -= take_bytes;
      if (owed_ == 0) state_ = State::kDataCr;
      return step;
    }
    SEINE_CHECK(take(input[step.consumed]));
    ++step.consumed;
  }
  return step;
}

base::Result<void> ChunkDecoder::take(char c) {
  switch (state_) {
    case State::kSize: {
      if (const int digit = hex_digit(c); digit >= 0) {
        if (++digits_ > kDigitsMax) return broken("size too large");
        owed_ = owed_ * 16 + static_cast<unsigned>(digit);
        return {};
      }
      if (digits_ == 0) return broken("no size");
      if (c == ';') {
        state_ = State::kExtension;
      } else if (c == '\r') {
        state_ = State::kSizeLf;
      } else {
        return broken("ill-formed size");
      }
      return {};
    }
    case State::kExtension:
      if (++extra_bytes_ > kExtraBytesMax) return broken("extensions too large");
      if (c == '\n') return broken("line end without a carriage return");
      if (c == '\r') state_ = State::kSizeLf;
      return {};
    case State::kSizeLf:
      if (c != '\n') return broken("carriage return without a line feed");
      digits_ = 0;
      state_ = owed_ == 0 ? State::kTrailerStart : State::kData;
      return {};
    case State::kDataCr:
      if (c != '\r') return broken("chunk longer than its size");
      state_ = State::kDataLf;
      return {};
    case State::kDataLf:
      if (c != '\n') return broken("chunk longer than its size");
      state_ = State::kSize;
      return {};
    case State::kTrailerStart:
      if (c == '\r') {
        state_ = State::kEndLf;
        return {};
      }
      state_ = State::kTrailer;
      [[fallthrough]];
    case State::kTrailer:
      if (++extra_bytes_ > kExtraBytesMax) return broken("trailers too large");
      if (c == '\n') return broken("line end without a carriage return");
      if (c == '\r') state_ = State::kTrailerLf;
      return {};
    case State::kTrailerLf:
      if (c != '\n') return broken("carriage return without a line feed");
      state_ = State::kTrailerStart;
      return {};
    case State::kEndLf:
      if (c != '\n') return broken("carriage return without a line feed");
      state_ = State::kDone;
      return {};
    case State::kData:
    case State::kDone:
      break;
  }
  return {};
}

void append_chunk_size(std::string& out, std::size_t size) {
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", size);
}

}  // namespace seine::net::detail
