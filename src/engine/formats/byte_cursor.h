// ByteCursor: little-endian reads from foreign bytes, each checked against the end. Private to
// formats; views the bytes, owns nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/error.h"

namespace seine::engine {

class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }
  std::size_t left() const { return bytes_.size() - position_; }

  template <typename T>
  base::Result<T> read() {
    if (left() < sizeof(T)) return cut_off();
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof value);
    position_ += sizeof value;
    return value;
  }

  // A 64-bit length and so many bytes.
  base::Result<std::string_view> read_string(std::size_t bytes_max) {
    const std::uint64_t length = SEINE_TRY(read<std::uint64_t>());
    if (length > bytes_max) {
      return base::fail(base::Code::kInvalidArgument, "a string of {} bytes, the limit is {}",
                        length, bytes_max);
    }
    if (length > left()) return cut_off();
    const auto* start = reinterpret_cast<const char*>(bytes_.data() + position_);
    position_ += length;
    return std::string_view(start, length);
  }

 private:
  std::unexpected<base::Error> cut_off() const {
    return base::fail(base::Code::kDataLoss, "the file ends within its header (at byte {})",
                      bytes_.size());
  }

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace seine::engine
