// Buffer: bytes between a socket and a parser. Grows to what is asked, never shrinks by itself, and
// gives its memory back on release(). Not for sharing between threads.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace seine::net::detail {

class Buffer {
 public:
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Room for at least `size` more bytes.
  std::span<char> prepare(std::size_t size) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (capacity_ - end_ < size) {
      const std::size_t held = end_ - begin_;
      if (capacity_ - held < size) {
        capacity_ = held + size;
        std::unique_ptr<char[]> grown(new char[capacity_]);
        if (held > 0) std::memcpy(grown.get(), bytes_.get() + begin_, held);
        bytes_ = std::move(grown);
      } else {
        std::memmove(bytes_.get(), bytes_.get() + begin_, held);
      }
      begin_ = 0;
      end_ = held;
    }
    return {bytes_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t size) { end_ += size; }
  void consume(std::size_t size) { begin_ += size; }
  // When empty.
  void release() {
    bytes_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace seine::net::detail
