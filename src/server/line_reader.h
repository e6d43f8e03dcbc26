// Lines from a descriptor, such as standard input, that another thread may interrupt: poll on it
// and on a pipe. One reader; interrupt() is safe on any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace seine::server {

class LineReader {
 public:
  static constexpr std::size_t kLineBytesMax = 1 << 20;
  enum class End : std::uint8_t { kLine, kInput, kInterrupt };
  struct Line {
    End end = End::kLine;
    std::string text = {};
  };

  // Does not own `descriptor`.
  static base::Result<LineReader> on(int descriptor);
  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&&) = delete;
  ~LineReader();

  // Blocks until a line has come, the input has ended (what came without a line end is a line) or
  // interrupt() was called. kResourceExhausted past the bound of a line.
  base::Result<Line> next();
  void interrupt() const;

 private:
  LineReader(int descriptor, std::array<int, 2> pipe) : descriptor_(descriptor), pipe_(pipe) {}

  int descriptor_;
  std::array<int, 2> pipe_;
  std::string buffer_;
  std::size_t searched_ = 0;
  bool ended_ = false;
};

}  // namespace seine::server
