// A bump allocator for one document: nodes, attributes and the few texts that are not slices of the
// source. Everything goes at once with the arena; nothing in it has a destructor. One thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

namespace seine::web::html {

class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;

  void* allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~std::size_t{7};
    if (bytes > left_) refill(bytes);
    std::byte* out = at_;
    at_ += bytes;
    left_ -= bytes;
    used_ += bytes;
    return out;
  }

  template <typename T>
  T* make() {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    return new (allocate(sizeof(T))) T();
  }

  template <typename T>
  T* make_array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T> && alignof(T) <= 8);
    T* out = static_cast<T*>(allocate(sizeof(T) * count));
    for (std::size_t i = 0; i < count; ++i) new (out + i) T();
    return out;
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* out = static_cast<char*>(allocate(text.size()));
    std::memcpy(out, text.data(), text.size());
    return {out, text.size()};
  }

  std::size_t used() const { return used_; }

 private:
  void refill(std::size_t bytes) {
    const std::size_t size = bytes > kChunk ? bytes : kChunk;
    chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(size));
    at_ = chunks_.back().get();
    left_ = size;
  }

  static constexpr std::size_t kChunk = std::size_t{256} << 10;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t used_ = 0;
};

}  // namespace seine::web::html
