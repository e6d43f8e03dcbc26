#include <unicode/uchar.h>

#include <algorithm>

#include "base/utf8.h"
#include "engine/template/interpreter.h"
#include "engine/template/text_tools.h"

namespace seine::engine::jinja {
namespace {

using base::Code;
using base::fail;

std::unexpected<base::Error> no_method(const Value& object, std::string_view name) {
  return fail(Code::kInvalidArgument, "a value of type {} has no method '{}'", object.type_name(),
              name);
}

// An argument that must be a string; null when it is not given or none.
base::Result<const std::string*> text_argument(const Arguments& given, std::size_t index,
                                               std::string_view name, std::string_view method) {
  const Value* value = given.find(index, name);
  if (value == nullptr || value->is_none()) return nullptr;
  if (value->as_string() == nullptr) {
    return fail(Code::kInvalidArgument, "'{}' takes strings, not {}", method,
                value->is_undefined() ? value->undefined_message() : value->type_name());
  }
  return value->as_string();
}

std::int64_t int_argument(const Arguments& given, std::size_t index, std::string_view name,
                          std::int64_t otherwise) {
  const Value* value = given.find(index, name);
  std::int64_t out = otherwise;
  if (value != nullptr && !value->to_int(out)) out = otherwise;
  return out;
}

base::Result<Value> affix(const std::string& text, const Arguments& given, std::string_view name) {
  const bool start = name == "startswith";
  const Value* value = given.find(0, start ? "prefix" : "suffix");
  if (value == nullptr) return fail(Code::kInvalidArgument, "'{}' needs an argument", name);
  const auto holds = [&](const Value& one) {
    const std::string* part = one.as_string();
    return part != nullptr && (start ? text.starts_with(*part) : text.ends_with(*part));
  };
  if (const List* list = value->as_list()) return Value::of(std::ranges::any_of(*list, holds));
  if (value->as_string() == nullptr) {
    return fail(Code::kInvalidArgument, "'{}' takes strings, not {}", name,
                value->is_undefined() ? value->undefined_message() : value->type_name());
  }
  return Value::of(holds(*value));
}

base::Result<Value> split(const std::string& text, const Arguments& given, std::string_view name) {
  const std::string* separator = SEINE_TRY(text_argument(given, 0, "sep", name));
  const std::int64_t most = int_argument(given, 1, "maxsplit", -1);
  if (separator != nullptr && separator->empty()) {
    return fail(Code::kInvalidArgument, "'{}' by an empty separator", name);
  }
  List out;
  for (std::string& part : split_text(text, separator, most, name == "rsplit")) {
    out.push_back(Value::of(std::move(part)));
  }
  return Value::of(std::move(out));
}

bool all_points(const std::string& text, bool (*holds)(char32_t)) {
  const std::u32string points = base::to_utf32(text);
  return !points.empty() && std::ranges::all_of(points, holds);
}

base::Result<Value> string_method(Interpreter& interpreter, const std::string& text,
                                  std::string_view name, const Arguments& given) {
  SEINE_CHECK(interpreter.spend(text.size()));
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    const std::string* characters = SEINE_TRY(text_argument(given, 0, "chars", name));
    return Value::of(stripped(text, characters, name != "rstrip", name != "lstrip"));
  }
  if (name == "split" || name == "rsplit") return split(text, given, name);
  if (name == "startswith" || name == "endswith") return affix(text, given, name);
  if (name == "replace") {
    const std::string* from = SEINE_TRY(text_argument(given, 0, "old", name));
    const std::string* to = SEINE_TRY(text_argument(given, 1, "new", name));
    if (from == nullptr || to == nullptr) {
      return fail(Code::kInvalidArgument, "'replace' needs two strings");
    }
    return Value::of(
        SEINE_TRY(replaced(interpreter, text, *from, *to, int_argument(given, 2, "count", -1))));
  }
  if (name == "upper") return Value::of(upper(text));
  if (name == "lower") return Value::of(lower(text));
  if (name == "title") return Value::of(title(text));
  if (name == "capitalize") return Value::of(capitalized(text));
  if (name == "splitlines") {
    List out;
    std::size_t from = 0;
    while (from < text.size()) {
      const std::size_t end = std::min(text.find('\n', from), text.size());
      std::string line = text.substr(from, end - from);
      if (line.ends_with('\r')) line.pop_back();
      out.push_back(Value::of(std::move(line)));
      from = end + 1;
    }
    return Value::of(std::move(out));
  }
  if (name == "join") {
    const Value* items = given.find(0, "iterable");
    if (items == nullptr) return fail(Code::kInvalidArgument, "'join' needs a list");
    return interpreter.filter("join", *items, {{Value::of(text)}, {}});
  }
  if (name == "find" || name == "rfind" || name == "count" || name == "index") {
    const std::string* part = SEINE_TRY(text_argument(given, 0, "sub", name));
    if (part == nullptr) return fail(Code::kInvalidArgument, "'{}' needs a string", name);
    if (name == "count") return Value::of(count_of(text, *part));
    const std::size_t at = name == "rfind" ? text.rfind(*part) : text.find(*part);
    if (at == std::string::npos) {
      if (name == "index") return fail(Code::kInvalidArgument, "'index': the part is not there");
      return Value::of(std::int64_t{-1});
    }
    return Value::of(base::count_points(std::string_view(text).substr(0, at)));
  }
  if (name == "removeprefix" || name == "removesuffix") {
    const std::string* part = SEINE_TRY(text_argument(given, 0, "prefix", name));
    if (part == nullptr) return fail(Code::kInvalidArgument, "'{}' needs a string", name);
    std::string_view out = text;
    if (name == "removeprefix" && out.starts_with(*part)) out.remove_prefix(part->size());
    if (name == "removesuffix" && out.ends_with(*part)) out.remove_suffix(part->size());
    return Value::of(out);
  }
  if (name == "isdigit") {
    return Value::of(all_points(
        text, [](char32_t point) { return u_isdigit(static_cast<UChar32>(point)) != 0; }));
  }
  if (name == "isalpha") {
    return Value::of(all_points(
        text, [](char32_t point) { return u_isalpha(static_cast<UChar32>(point)) != 0; }));
  }
  if (name == "isspace") {
    return Value::of(!text.empty() && stripped(text, nullptr, true, true).empty());
  }
  if (name == "isupper") return Value::of(upper(text) == text && lower(text) != text);
  if (name == "islower") return Value::of(lower(text) == text && upper(text) != text);
  return no_method(Value::of(text), name);
}

base::Result<Value> dict_method(const Value& object, const Dict& dict, std::string_view name,
                                const Arguments& given) {
  if (name == "get") {
    const Value* key = given.find(0, "key");
    if (key == nullptr) return fail(Code::kInvalidArgument, "'get' needs a key");
    if (const Value* member = dict.find(key->to_text())) return *member;
    const Value* otherwise = given.find(1, "default");
    return otherwise != nullptr ? *otherwise : Value::none();
  }
  if (name == "items" || name == "keys" || name == "values") {
    List out;
    for (const auto& [key, value] : dict.items()) {
      if (name == "items") {
        out.push_back(Value::of(List{Value::of(key), value}));
      } else {
        out.push_back(name == "keys" ? Value::of(key) : value);
      }
    }
    return Value::of(std::move(out));
  }
  if (name == "copy") return object;
  // The loop's own.
  const Value* position = dict.find("index0");
  if (name == "cycle" && position != nullptr && position->as_int() != nullptr &&
      !given.values.empty()) {
    return given.values[static_cast<std::size_t>(*position->as_int()) % given.values.size()];
  }
  return no_method(object, name);
}

}  // namespace

base::Result<Value> call_method(Interpreter& interpreter, const Value& object,
                                std::string_view name, const Arguments& given) {
  if (const std::string* text = object.as_string()) {
    return string_method(interpreter, *text, name, given);
  }
  if (const Dict* dict = object.as_dict()) {
    SEINE_CHECK(interpreter.spend(dict->size() * 32));
    return dict_method(object, *dict, name, given);
  }
  if (const List* list = object.as_list()) {
    const Value* wanted = given.find(0, "value");
    if ((name == "index" || name == "count") && wanted != nullptr) {
      SEINE_CHECK(interpreter.spend(list->size() * 32));
      const auto same = [&](const Value& item) { return item.equals(*wanted); };
      if (name == "count") {
        return Value::of(static_cast<std::int64_t>(std::ranges::count_if(*list, same)));
      }
      const auto at = std::ranges::find_if(*list, same);
      if (at == list->end()) {
        return fail(Code::kInvalidArgument, "'index': the value is not in the list");
      }
      return Value::of(static_cast<std::int64_t>(at - list->begin()));
    }
    if (name == "append" || name == "extend" || name == "insert" || name == "pop") {
      return fail(Code::kInvalidArgument, "lists cannot be changed: '{}' (add lists with +)", name);
    }
  }
  return no_method(object, name);
}

}  // namespace seine::engine::jinja
