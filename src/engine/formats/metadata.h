// Metadata: the key-value part of a model file, in GGUF's vocabulary whatever the file's format.
// Values keep their stored type, so that a copy writes the same bytes. A plain value: built by a
// reader, read-only afterwards and then safe on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"

namespace seine::engine {

// GGUF's numbers.
enum class ValueType : std::uint8_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

struct MetadataValue {
  // Of the value, or of the items when it is an array. Arrays of arrays are refused by the reader.
  ValueType type = ValueType::kU32;
  bool is_array = false;
  // Unsigned types and bool as uint64, signed as int64, floats as double.
  std::variant<std::uint64_t, std::int64_t, double, std::string, std::vector<std::uint64_t>,
               std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>
      value = std::uint64_t{0};

  static MetadataValue of_u32(std::uint32_t value) {
    return {ValueType::kU32, false, std::uint64_t{value}};
  }
  static MetadataValue of_u64(std::uint64_t value) { return {ValueType::kU64, false, value}; }
  static MetadataValue of_bool(bool value) {
    return {ValueType::kBool, false, std::uint64_t{value}};
  }
  static MetadataValue of_f32(double value) { return {ValueType::kF32, false, value}; }
  static MetadataValue of_string(std::string_view value) {
    return {ValueType::kString, false, std::string(value)};
  }
  static MetadataValue of_strings(std::vector<std::string> values) {
    return {ValueType::kString, true, std::move(values)};
  }
  static MetadataValue of_i32s(std::vector<std::int64_t> values) {
    return {ValueType::kI32, true, std::move(values)};
  }
  static MetadataValue of_f32s(std::vector<double> values) {
    return {ValueType::kF32, true, std::move(values)};
  }

  bool operator==(const MetadataValue&) const = default;
};

class Metadata {
 public:
  using Entry = std::pair<std::string, MetadataValue>;

  // False, and nothing changes, when the key is there.
  bool insert(std::string_view key, MetadataValue value);
  void set(std::string_view key, MetadataValue value);
  const MetadataValue* find(std::string_view key) const;
  std::span<const Entry> entries() const { return entries_; }  // in file order

  // The value as T (bool, uint32, uint64, int64, double, string_view); nothing if the key is
  // absent; an error naming the key when it has another type or does not fit. Any integer type
  // converts to any that holds the number; integers convert to double.
  template <typename T>
  base::Result<std::optional<T>> get(std::string_view key) const;

  template <typename T>
  base::Result<T> get_or(std::string_view key, T otherwise) const {
    base::Result<std::optional<T>> found = get<T>(key);
    if (!found) return std::unexpected(std::move(found).error());
    return found->value_or(otherwise);
  }
  template <typename T>
  base::Result<T> require(std::string_view key) const {
    base::Result<std::optional<T>> found = get<T>(key);
    if (!found) return std::unexpected(std::move(found).error());
    if (!*found) {
      return base::fail_field(base::Code::kInvalidArgument, key, "the model has no '{}'", key);
    }
    return **found;
  }

  // Arrays; empty when absent. An error when the key holds something else.
  base::Result<std::span<const std::string>> strings(std::string_view key) const;
  base::Result<std::vector<double>> numbers(std::string_view key) const;

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace seine::engine
