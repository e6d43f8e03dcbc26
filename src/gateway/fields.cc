#include "gateway/fields.h"

#include <cmath>

namespace seine::gateway {

using base::Code;
using base::Json;
using base::Result;

Result<Fields> Fields::of(const Json& value, std::string place) {
  if (!value.is_object()) {
    return base::fail_field(Code::kInvalidArgument, place, "'{}' must be an object, got {}", place,
                            base::type_name(value));
  }
  return Fields(value, std::move(place));
}

std::string Fields::at(std::string_view key) const {
  return place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key);
}

base::Error Fields::placed(base::Error error, std::string_view key) const {
  error.field = at(key);
  return error;
}

Result<std::optional<double>> Fields::number(std::string_view key, double least,
                                             double most) const {
  const std::optional<double> value = SEINE_TRY(get<double>(key));
  // Written so that NaN is refused, too.
  if (value && !(*value >= least && *value <= most)) {
    return base::fail_field(Code::kInvalidArgument, at(key), "'{}' is {} to {}, not {}", at(key),
                            least, most, *value);
  }
  return value;
}

Result<std::optional<std::uint32_t>> Fields::count(std::string_view key, std::uint32_t least,
                                                   std::uint32_t most) const {
  const std::optional<std::int64_t> value = SEINE_TRY(get<std::int64_t>(key));
  if (!value) return std::nullopt;
  if (*value < least || *value > most) {
    return base::fail_field(Code::kInvalidArgument, at(key), "'{}' is {} to {}, not {}", at(key),
                            least, most, *value);
  }
  return static_cast<std::uint32_t>(*value);
}

Result<const Json*> Fields::array(std::string_view key, std::size_t most) const {
  const Json* value = find(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array()) {
    return base::fail_field(Code::kInvalidArgument, at(key), "'{}' must be an array, got {}",
                            at(key), base::type_name(*value));
  }
  if (value->size() > most) {
    return base::fail_field(Code::kInvalidArgument, at(key),
                            "'{}' has {} elements, the limit is {}", at(key), value->size(), most);
  }
  return value;
}

Result<const Json*> Fields::object(std::string_view key) const {
  const Json* value = find(key);
  if (value != nullptr && !value->is_object()) {
    return base::fail_field(Code::kInvalidArgument, at(key), "'{}' must be an object, got {}",
                            at(key), base::type_name(*value));
  }
  return value;
}

std::string element(std::string_view place, std::size_t i) {
  return fmt::format("{}[{}]", place, i);
}

}  // namespace seine::gateway
