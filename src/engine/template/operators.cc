#include <algorithm>
#include <cmath>

#include "engine/template/interpreter.h"

namespace seine::engine::jinja {
namespace {

using base::Code;
using base::fail;

std::unexpected<base::Error> no_operator(std::string_view op, const Value& left,
                                         const Value& right) {
  if (left.is_undefined()) return fail(Code::kInvalidArgument, "{}", left.undefined_message());
  if (right.is_undefined()) return fail(Code::kInvalidArgument, "{}", right.undefined_message());
  return fail(Code::kInvalidArgument, "'{}' between {} and {}", op, left.type_name(),
              right.type_name());
}

std::unexpected<base::Error> too_large() {
  return fail(Code::kInvalidArgument, "a number that does not fit 64 bits");
}

// Towards minus infinity, as Python divides.
std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  const std::int64_t quotient = a / b;
  return quotient * b != a && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

base::Result<Value> integers(std::string_view op, std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (op == "+")
    return __builtin_add_overflow(a, b, &out) ? too_large() : base::Result<Value>(Value::of(out));
  if (op == "-")
    return __builtin_sub_overflow(a, b, &out) ? too_large() : base::Result<Value>(Value::of(out));
  if (op == "*")
    return __builtin_mul_overflow(a, b, &out) ? too_large() : base::Result<Value>(Value::of(out));
  if (op == "**") {
    if (b < 0) return Value::of(std::pow(static_cast<double>(a), static_cast<double>(b)));
    out = 1;
    for (std::int64_t i = 0; i < b && out != 0 && (a != 1 || i < 1); ++i) {
      if (a == -1) return Value::of(std::int64_t{b % 2 == 0 ? 1 : -1});
      if (__builtin_mul_overflow(out, a, &out)) return too_large();
    }
    return Value::of(out);
  }
  if (b == 0) return fail(Code::kInvalidArgument, "division by zero");
  if (op == "/") return Value::of(static_cast<double>(a) / static_cast<double>(b));
  if (b == -1) {  // the one quotient that overflows
    if (op == "%") return Value::of(std::int64_t{0});
    return __builtin_sub_overflow(std::int64_t{0}, a, &out) ? too_large()
                                                            : base::Result<Value>(Value::of(out));
  }
  const std::int64_t quotient = floor_divide(a, b);
  return Value::of(op == "//" ? quotient : a - quotient * b);
}

base::Result<Value> floats(std::string_view op, double a, double b) {
  if (op == "+") return Value::of(a + b);
  if (op == "-") return Value::of(a - b);
  if (op == "*") return Value::of(a * b);
  if (op == "**") return Value::of(std::pow(a, b));
  if (b == 0) return fail(Code::kInvalidArgument, "division by zero");
  if (op == "/") return Value::of(a / b);
  if (op == "//") return Value::of(std::floor(a / b));
  return Value::of(a - b * std::floor(a / b));
}

base::Result<Value> repeated(Interpreter& interpreter, const Value& value, std::int64_t times) {
  static constexpr std::size_t kItemsMax = 1 << 20;
  const std::string* text = value.as_string();
  const List* list = value.as_list();
  const std::size_t size = text != nullptr ? text->size() : list->size();
  const std::size_t count = times > 0 ? static_cast<std::size_t>(times) : 0;
  if (size != 0 && count > kItemsMax / size) {
    return fail(Code::kResourceExhausted, "a repetition of more than {} items", kItemsMax);
  }
  SEINE_CHECK(interpreter.spend(size * count * (list != nullptr ? 32 : 1)));
  if (size == 0) return value;
  if (text != nullptr) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += *text;
    return Value::of(std::move(out));
  }
  List out;
  for (std::size_t i = 0; i < count; ++i) out.insert(out.end(), list->begin(), list->end());
  return Value::of(std::move(out));
}

}  // namespace

base::Result<Value> apply_operator(Interpreter& interpreter, std::string_view op, const Value& left,
                                   const Value& right) {
  if (op == "~") return Value::of(left.to_text() + right.to_text());
  std::int64_t a = 0;
  std::int64_t b = 0;
  const bool a_int = left.to_int(a);
  const bool b_int = right.to_int(b);
  if (a_int && b_int) return integers(op, a, b);
  if (left.is_number() && right.is_number()) return floats(op, left.to_double(), right.to_double());
  if (op == "+") {
    const std::string* text = left.as_string();
    const std::string* more = right.as_string();
    if (text != nullptr && more != nullptr) {
      SEINE_CHECK(interpreter.spend(text->size() + more->size()));
      return Value::of(*text + *more);
    }
    if (left.as_list() != nullptr && right.as_list() != nullptr) {
      List out = *left.as_list();
      SEINE_CHECK(interpreter.spend((out.size() + right.as_list()->size()) * 32));
      out.insert(out.end(), right.as_list()->begin(), right.as_list()->end());
      return Value::of(std::move(out));
    }
  }
  const auto repeats = [](const Value& value) {
    return value.as_string() != nullptr || value.as_list() != nullptr;
  };
  if (op == "*" && b_int && repeats(left)) return repeated(interpreter, left, b);
  if (op == "*" && a_int && repeats(right)) return repeated(interpreter, right, a);
  return no_operator(op, left, right);
}

base::Result<bool> contains(Interpreter& interpreter, const Value& hay, const Value& needle) {
  if (const std::string* text = hay.as_string()) {
    SEINE_CHECK(interpreter.spend(text->size()));
    const std::string* part = needle.as_string();
    if (part == nullptr) {
      return fail(Code::kInvalidArgument, "'in' a string needs a string, not {}",
                  needle.is_undefined() ? needle.undefined_message() : needle.type_name());
    }
    return text->find(*part) != std::string::npos;
  }
  if (const List* list = hay.as_list()) {
    SEINE_CHECK(interpreter.spend(list->size() * 32));
    return std::ranges::any_of(*list, [&](const Value& item) { return item.equals(needle); });
  }
  if (const Dict* dict = hay.as_dict()) {
    return needle.as_string() != nullptr && dict->find(*needle.as_string()) != nullptr;
  }
  if (hay.is_undefined()) return false;
  return fail(Code::kInvalidArgument, "'in' a value of type {}", hay.type_name());
}

}  // namespace seine::engine::jinja
