// Members of one JSON object of a request, typed and bounded, with the object's place in the
// errors: "messages[3].content". Views the object; lives no longer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace seine::gateway {

class Fields {
 public:
  // `place` is empty for the body itself.
  Fields(const base::Json& object, std::string place)
      : object_(&object), place_(std::move(place)) {}
  // An error if `value` is no object.
  static base::Result<Fields> of(const base::Json& value, std::string place);

  std::string at(std::string_view key) const;
  const std::string& place() const { return place_; }
  // The member if it is there and not null.
  const base::Json* find(std::string_view key) const { return base::find(*object_, key); }

  template <typename T>
  base::Result<std::optional<T>> get(std::string_view key) const {
    base::Result<std::optional<T>> value = base::get<T>(*object_, key);
    if (!value) return std::unexpected(placed(std::move(value).error(), key));
    return value;
  }
  template <typename T>
  base::Result<T> get_or(std::string_view key, T otherwise) const {
    std::optional<T> value = SEINE_TRY(get<T>(key));
    return value ? std::move(*value) : std::move(otherwise);
  }
  template <typename T>
  base::Result<T> require(std::string_view key) const {
    base::Result<T> value = base::require<T>(*object_, key);
    if (!value) return std::unexpected(placed(std::move(value).error(), key));
    return value;
  }
  // A number within [least, most].
  base::Result<std::optional<double>> number(std::string_view key, double least, double most) const;
  base::Result<std::optional<std::uint32_t>> count(std::string_view key, std::uint32_t least,
                                                   std::uint32_t most) const;
  // An array with at most `most` elements; null if absent.
  base::Result<const base::Json*> array(std::string_view key, std::size_t most) const;
  // An object; null if absent.
  base::Result<const base::Json*> object(std::string_view key) const;

 private:
  base::Error placed(base::Error error, std::string_view key) const;

  const base::Json* object_;
  std::string place_;
};

// "tools[2]".
std::string element(std::string_view place, std::size_t i);

}  // namespace seine::gateway
