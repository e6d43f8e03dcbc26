#include "base/json.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::base {
namespace {

// Deepest nesting of brackets outside strings. One pass, so that no deep text reaches the library.
std::size_t nesting_depth(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

struct Place {
  std::size_t line;
  std::size_t column;
};

Place place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 == 0
  return {static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
          before.size() - line_start + 1};
}

template <typename T>
constexpr std::string_view wanted_name() {
  if constexpr (std::is_same_v<T, bool>) return "a boolean";
  if constexpr (std::is_same_v<T, double>) return "a number";
  if constexpr (std::is_integral_v<T>) return "an integer";
  return "a string";
}

template <typename T>
std::optional<T> convert(const Json& value) {
  if constexpr (std::is_same_v<T, bool>) {
    if (value.is_boolean()) return value.get<bool>();
  } else if constexpr (std::is_same_v<T, double>) {
    if (value.is_number()) return value.get<double>();
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (value.is_string()) return value.get_ref<const std::string&>();
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    if (value.is_string()) return std::string_view(value.get_ref<const std::string&>());
  } else {
    if (value.is_number_unsigned()) {
      const auto number = value.get<std::uint64_t>();
      if (std::in_range<T>(number)) return static_cast<T>(number);
    } else if (value.is_number_integer()) {
      const auto number = value.get<std::int64_t>();
      if (std::in_range<T>(number)) return static_cast<T>(number);
    } else if (value.is_number_float()) {
      // Clients written in JavaScript send 5.0 for 5.
      const double number = value.get<double>();
      if (number == std::floor(number) && std::abs(number) < 0x1p53) {
        const auto integer = static_cast<std::int64_t>(number);
        if (std::in_range<T>(integer)) return static_cast<T>(integer);
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.bytes_max) {
    return fail(Code::kResourceExhausted, "JSON of {} is over the limit of {}",
                format_size(text.size()), format_size(limits.bytes_max));
  }
  if (const std::size_t depth = nesting_depth(text); depth > limits.depth_max) {
    return fail(Code::kInvalidArgument, "JSON is nested {} deep, the limit is {}", depth,
                limits.depth_max);
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const Place place = place_of(text, error.byte > 0 ? error.byte - 1 : 0);
    return fail(Code::kInvalidArgument, "not JSON: line {}, column {}", place.line, place.column);
  } catch (const Json::out_of_range& error) {
    return fail(Code::kOutOfRange, "JSON number out of range");
  }
}

std::string to_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string to_pretty_text(const Json& value) {
  return value.dump(2, ' ', false, Json::error_handler_t::replace);
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.push_back('"');
  while (!text.empty()) {
    // Copy the run that needs no escape in one go.
    const auto plain = [](char c) {
      const auto u = static_cast<unsigned char>(c);
      return u >= 0x20 && u < 0x80 && c != '"' && c != '\\';
    };
    const auto stop = std::ranges::find_if_not(text, plain);
    const auto run = static_cast<std::size_t>(stop - text.begin());
    out.append(text.substr(0, run));
    text.remove_prefix(run);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text.front());
    if (c >= 0x80) {
      const DecodedPoint decoded = decode_utf8(text);
      append_utf8(out, decoded.point);
      text.remove_prefix(decoded.length);
      continue;
    }
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += "\\u00";
        out.push_back(kHex[c >> 4]);
        out.push_back(kHex[c & 15]);
    }
    text.remove_prefix(1);
  }
  out.push_back('"');
}

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

template <typename T>
Result<std::optional<T>> get(const Json& object, std::string_view key) {
  if (!object.is_object()) {
    return fail_field(Code::kInvalidArgument, key, "'{}' is wanted from an object, this is {}", key,
                      type_name(object));
  }
  const Json* value = find(object, key);
  if (value == nullptr) return std::nullopt;
  if (std::optional<T> converted = convert<T>(*value)) return converted;
  return fail_field(Code::kInvalidArgument, key, "'{}' must be {}, got {}", key, wanted_name<T>(),
                    value->is_number() ? "a number that does not fit" : type_name(*value));
}

template Result<std::optional<bool>> get(const Json&, std::string_view);
template Result<std::optional<int>> get(const Json&, std::string_view);
template Result<std::optional<std::int64_t>> get(const Json&, std::string_view);
template Result<std::optional<std::uint32_t>> get(const Json&, std::string_view);
template Result<std::optional<std::uint64_t>> get(const Json&, std::string_view);
template Result<std::optional<double>> get(const Json&, std::string_view);
template Result<std::optional<std::string>> get(const Json&, std::string_view);
template Result<std::optional<std::string_view>> get(const Json&, std::string_view);

std::string_view type_name(const Json& value) {
  if (value.is_number()) return "number";
  return value.type_name();
}

}  // namespace seine::base
