// Jinja's tests: what `is` asks of a value.
#include "engine/template/interpreter.h"
#include "engine/template/text_tools.h"

namespace seine::engine::jinja {

using base::Code;
using base::fail;

base::Result<bool> Interpreter::test(std::string_view name, const Value& input,
                                     const Arguments& arguments) {
  const Value* with = arguments.find(0, "other");
  const auto needs = [&]() -> base::Result<> {
    if (with == nullptr) return fail(Code::kInvalidArgument, "'is {}' needs an argument", name);
    return {};
  };
  if (name == "defined") return !input.is_undefined();
  if (name == "undefined") return input.is_undefined();
  if (name == "none") return input.is_none();
  if (name == "string") return input.as_string() != nullptr;
  if (name == "mapping") return input.as_dict() != nullptr;
  if (name == "number") return input.is_number();
  if (name == "integer") return input.as_int() != nullptr;
  if (name == "float") return input.as_float() != nullptr;
  if (name == "boolean") return input.as_bool() != nullptr;
  if (name == "true") return input.as_bool() != nullptr && *input.as_bool();
  if (name == "false") return input.as_bool() != nullptr && !*input.as_bool();
  if (name == "callable") return input.as_function() != nullptr;
  if (name == "iterable" || name == "sequence") {
    return input.as_list() != nullptr || input.as_dict() != nullptr ||
           input.as_string() != nullptr || input.is_undefined();
  }
  if (name == "lower" || name == "upper") {
    const std::string text = input.to_text();
    SEINE_CHECK(spend(text.size()));
    const bool same = name == "lower" ? lower(text) == text : upper(text) == text;
    return same && lower(text) != upper(text);
  }
  if (name == "odd" || name == "even" || name == "divisibleby") {
    std::int64_t number = 0;
    std::int64_t by = 2;
    if (name == "divisibleby") {
      SEINE_CHECK(needs());
      if (!with->to_int(by) || by == 0) {
        return fail(Code::kInvalidArgument, "'divisibleby' needs an integer that is not 0");
      }
    }
    if (!input.to_int(number)) {
      return fail(Code::kInvalidArgument, "'is {}' of {}", name,
                  input.is_undefined() ? input.undefined_message() : input.type_name());
    }
    const bool divides = by == -1 || number % by == 0;
    return divides == (name != "odd");
  }
  if (name == "in") {
    SEINE_CHECK(needs());
    return contains(*this, *with, input);
  }
  if (name == "eq" || name == "equalto" || name == "sameas" || name == "ne") {
    SEINE_CHECK(needs());
    return input.equals(*with) == (name != "ne");
  }
  if (name == "lt" || name == "le" || name == "gt" || name == "ge" || name == "lessthan" ||
      name == "greaterthan") {
    SEINE_CHECK(needs());
    const int order = SEINE_TRY(input.compare(*with));
    if (name == "le") return order <= 0;
    if (name == "ge") return order >= 0;
    return name.starts_with('l') ? order < 0 : order > 0;
  }
  return fail(Code::kUnimplemented, "the test '{}' is not supported", name);
}

}  // namespace seine::engine::jinja
