#include "server/line_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace seine::server {

base::Result<LineReader> LineReader::on(int descriptor) {
  std::array<int, 2> pipe{-1, -1};
  if (pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return std::unexpected(base::errno_error("pipe", errno));
  }
  return LineReader(descriptor, pipe);
}

LineReader::LineReader(LineReader&& other) noexcept
    : descriptor_(other.descriptor_),
      pipe_(std::exchange(other.pipe_, {-1, -1})),
      buffer_(std::move(other.buffer_)),
      searched_(other.searched_),
      ended_(other.ended_) {}

LineReader::~LineReader() {
  for (const int end : pipe_) {
    if (end >= 0) close(end);
  }
}

void LineReader::interrupt() const {
  (void)!write(pipe_[1], "!", 1);
}

base::Result<LineReader::Line> LineReader::next() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', searched_);
    if (end != std::string::npos) {
      Line line{.text = buffer_.substr(0, end)};
      if (line.text.ends_with('\r')) line.text.pop_back();
      buffer_.erase(0, end + 1);
      searched_ = 0;
      return line;
    }
    searched_ = buffer_.size();
    if (ended_) {
      if (buffer_.empty()) return Line{.end = End::kInput};
      return Line{.text = std::exchange(buffer_, {})};
    }
    if (buffer_.size() > kLineBytesMax) {
      return base::fail(base::Code::kResourceExhausted, "a line has over {} bytes, the limit",
                        kLineBytesMax);
    }
    std::array<pollfd, 2> places{pollfd{descriptor_, POLLIN, 0}, pollfd{pipe_[0], POLLIN, 0}};
    if (poll(places.data(), places.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(base::errno_error("poll", errno));
    }
    std::array<char, 4096> bytes{};
    if (places[1].revents != 0) {
      while (read(pipe_[0], bytes.data(), bytes.size()) > 0) {
      }
      return Line{.end = End::kInterrupt};
    }
    const ssize_t n = read(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR && errno != EAGAIN) {
      return std::unexpected(base::errno_error("read", errno));
    }
    if (n == 0) ended_ = true;
    if (n > 0) buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace seine::server
