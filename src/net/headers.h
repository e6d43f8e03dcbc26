// Headers: the fields of one HTTP message in order, names without regard to case, several values
// per name. One flat buffer and one index, so that a message costs two allocations. Not for sharing
// between threads. Does not judge names and values: codecs do (detail/field_syntax.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seine::net {

class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

  void add(std::string_view name, std::string_view value);
  // Replaces every field of that name by one.
  void set(std::string_view name, std::string_view value);
  // How many there were.
  std::size_t remove(std::string_view name);
  void clear();

  // The first value. Views live until the next change.
  std::optional<std::string_view> get(std::string_view name) const;
  std::vector<std::string_view> get_all(std::string_view name) const;
  bool contains(std::string_view name) const { return get(name).has_value(); }
  // Whether a comma-separated list field holds `token`, without regard to case (Connection,
  // Transfer-Encoding).
  bool has_token(std::string_view name, std::string_view token) const;

  std::size_t size() const { return index_.size(); }
  bool empty() const { return index_.empty(); }
  Field operator[](std::size_t i) const;
  // Sum of name + value + 32 per field, the measure of RFC 9113 section 6.5.2.
  std::size_t list_bytes() const;

  class Iterator {
   public:
    Iterator(const Headers& headers, std::size_t at) : headers_(&headers), at_(at) {}
    Field operator*() const { return (*headers_)[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const Headers* headers_;
    std::size_t at_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  struct Entry {
    std::uint32_t offset;  // of the name in bytes_; the value follows it
    std::uint32_t name_size;
    std::uint32_t value_size;
  };
  std::string bytes_;
  std::vector<Entry> index_;
};

}  // namespace seine::net
