// JSON for the whole house: the one place that includes the library. Parsing returns errors, never
// throws, and bounds depth, so that neither the parser nor a recursive reader of the result can be
// driven out of stack. Reading members goes through `get`: the library's own operator[] and
// get<T>() throw on foreign input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"

namespace seine::base {

struct JsonLimits {
  std::size_t depth_max = 128;
  std::size_t bytes_max = std::size_t{64} << 20;
};

// One JSON text (RFC 8259) in UTF-8. The error gives line and column.
Result<Json> parse_json(std::string_view text, JsonLimits limits = {});

// Compact text; ill-formed UTF-8 in strings becomes U+FFFD, so that the output is always JSON.
std::string to_text(const Json& value);
// Indented by two spaces.
std::string to_pretty_text(const Json& value);

// Appends `text` as a JSON string literal with its quotes; the fast path of logs and streams.
void append_json_string(std::string& out, std::string_view text);

// The member `key` of an object if it is there and not null.
const Json* find(const Json& object, std::string_view key);

// Member `key` as T (bool, int64, uint64, double, string, string_view); nothing if absent or null;
// an error naming the key when it has another type or does not fit. A string_view lives as long as
// the value.
template <typename T>
Result<std::optional<T>> get(const Json& object, std::string_view key);

// The same with a value for the absent case.
template <typename T>
Result<T> get_or(const Json& object, std::string_view key, T otherwise) {
  Result<std::optional<T>> found = get<T>(object, key);
  if (!found) return std::unexpected(std::move(found).error());
  return found->has_value() ? std::move(**found) : std::move(otherwise);
}

// The same where absence is an error.
template <typename T>
Result<T> require(const Json& object, std::string_view key) {
  Result<std::optional<T>> found = get<T>(object, key);
  if (!found) return std::unexpected(std::move(found).error());
  if (!found->has_value()) return fail_field(Code::kInvalidArgument, key, "'{}' is missing", key);
  return std::move(**found);
}

// "object", "array", "string", "number", "boolean", "null".
std::string_view type_name(const Json& value);

}  // namespace seine::base
