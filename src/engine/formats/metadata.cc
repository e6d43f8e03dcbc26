#include "engine/formats/metadata.h"

#include <cmath>
#include <type_traits>

namespace seine::engine {
namespace {

template <typename T>
std::optional<T> convert(const MetadataValue& entry) {
  if (entry.is_array) return std::nullopt;
  if constexpr (std::is_same_v<T, bool>) {
    if (entry.type != ValueType::kBool) return std::nullopt;
    return std::get<std::uint64_t>(entry.value) != 0;
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    if (const auto* text = std::get_if<std::string>(&entry.value)) return std::string_view(*text);
    return std::nullopt;
  } else {
    if (entry.type == ValueType::kBool) return std::nullopt;
    return std::visit(
        [](const auto& value) -> std::optional<T> {
          using V = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<V, double>) {
            if constexpr (std::is_same_v<T, double>) return value;
            return std::nullopt;
          } else if constexpr (std::is_integral_v<V>) {
            if constexpr (std::is_same_v<T, double>)
              return static_cast<double>(value);
            else if (std::in_range<T>(value))
              return static_cast<T>(value);
            return std::nullopt;
          } else {
            return std::nullopt;
          }
        },
        entry.value);
  }
}

template <typename T>
constexpr std::string_view wanted() {
  if constexpr (std::is_same_v<T, bool>) return "a boolean";
  if constexpr (std::is_same_v<T, std::string_view>) return "a string";
  if constexpr (std::is_same_v<T, double>) return "a number";
  return "an integer in range";
}

}  // namespace

bool Metadata::insert(std::string_view key, MetadataValue value) {
  const auto [place, inserted] = index_.try_emplace(std::string(key), entries_.size());
  if (inserted) entries_.emplace_back(std::string(key), std::move(value));
  return inserted;
}

void Metadata::set(std::string_view key, MetadataValue value) {
  const auto found = index_.find(std::string(key));
  if (found == index_.end()) {
    insert(key, std::move(value));
  } else {
    entries_[found->second].second = std::move(value);
  }
}

const MetadataValue* Metadata::find(std::string_view key) const {
  const auto found = index_.find(std::string(key));
  return found == index_.end() ? nullptr : &entries_[found->second].second;
}

template <typename T>
base::Result<std::optional<T>> Metadata::get(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (std::optional<T> converted = convert<T>(*value)) return converted;
  return base::fail_field(base::Code::kInvalidArgument, key, "'{}' must be {}", key, wanted<T>());
}

template base::Result<std::optional<bool>> Metadata::get(std::string_view) const;
template base::Result<std::optional<std::uint32_t>> Metadata::get(std::string_view) const;
template base::Result<std::optional<std::uint64_t>> Metadata::get(std::string_view) const;
template base::Result<std::optional<std::int64_t>> Metadata::get(std::string_view) const;
template base::Result<std::optional<double>> Metadata::get(std::string_view) const;
template base::Result<std::optional<std::string_view>> Metadata::get(std::string_view) const;

base::Result<std::span<const std::string>> Metadata::strings(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value == nullptr) return std::span<const std::string>{};
  if (const auto* items = std::get_if<std::vector<std::string>>(&value->value)) {
    return std::span<const std::string>(*items);
  }
  return base::fail_field(base::Code::kInvalidArgument, key, "'{}' must be an array of strings",
                          key);
}

base::Result<std::vector<double>> Metadata::numbers(std::string_view key) const {
  const MetadataValue* value = find(key);
  if (value == nullptr) return std::vector<double>{};
  const auto widen = [](const auto& items) {
    return std::vector<double>(items.begin(), items.end());
  };
  if (const auto* items = std::get_if<std::vector<std::uint64_t>>(&value->value))
    return widen(*items);
  if (const auto* items = std::get_if<std::vector<std::int64_t>>(&value->value))
    return widen(*items);
  if (const auto* items = std::get_if<std::vector<double>>(&value->value)) return *items;
  return base::fail_field(base::Code::kInvalidArgument, key, "'{}' must be an array of numbers",
                          key);
}

}  // namespace seine::engine
