#include "engine/template/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "base/utf8.h"

namespace seine::engine::jinja {
namespace {

constexpr int kPrintDepthMax = 64;

// As Python's repr(): single quotes unless the text has them and no double ones.
void append_quoted(std::string& out, std::string_view text) {
  const bool single =
      text.find('\'') == std::string_view::npos || text.find('"') != std::string_view::npos;
  const char quote = single ? '\'' : '"';
  out += quote;
  for (const char c : text) {
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += quote;
}

void append_json_text(std::string& out, std::string_view text, bool ascii) {
  if (!ascii) {
    // Python leaves U+007F and everything above it as it is.
    base::append_json_string(out, text);
    return;
  }
  std::string plain;
  base::append_json_string(plain, text);
  for (const char32_t point : base::to_utf32(plain)) {
    if (point < 0x80) {
      out += static_cast<char>(point);
    } else if (point < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point));
    } else {
      const auto rest = static_cast<std::uint32_t>(point) - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    }
  }
}

class JsonWriter {
 public:
  explicit JsonWriter(const JsonStyle& style) : style_(style) {}

  base::Result<> write(const Value& value, int depth) {
    if (depth > kPrintDepthMax) {
      return base::fail(base::Code::kResourceExhausted,
                        "tojson of a value nested more than {} deep", kPrintDepthMax);
    }
    if (const std::string* text = value.as_string()) {
      append_json_text(out, *text, style_.ascii);
    } else if (const List* list = value.as_list()) {
      return write_all('[', ']', list->size(), depth,
                       [&](std::size_t i) { return write((*list)[i], depth + 1); });
    } else if (const Dict* dict = value.as_dict()) {
      std::vector<const DictItem*> items;
      for (const auto& item : dict->items()) items.push_back(&item);
      if (style_.sorted) {
        std::ranges::sort(items, {},
                          [](const auto* item) { return std::string_view(item->first); });
      }
      return write_all('{', '}', items.size(), depth, [&](std::size_t i) {
        append_json_text(out, items[i]->first, style_.ascii);
        out += style_.key_separator;
        return write(items[i]->second, depth + 1);
      });
    } else if (value.is_none()) {
      out += "null";
    } else if (const bool* truth = value.as_bool()) {
      out += *truth ? "true" : "false";
    } else if (const double* number = value.as_float(); number != nullptr && std::isnan(*number)) {
      out += "NaN";
    } else if (number != nullptr && std::isinf(*number)) {
      out += *number < 0 ? "-Infinity" : "Infinity";
    } else if (value.is_number()) {
      out += value.to_text();
    } else {
      return base::fail(base::Code::kInvalidArgument, "tojson: a value of type {} is not JSON{}{}",
                        value.type_name(), value.is_undefined() ? ": " : "",
                        value.is_undefined() ? value.undefined_message() : "");
    }
    return {};
  }

  std::string out;

 private:
  template <typename WriteItem>
  base::Result<> write_all(char open, char close, std::size_t count, int depth,
                           WriteItem write_item) {
    out += open;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out += style_.item_separator;
      new_line(depth + 1);
      SEINE_CHECK(write_item(i));
    }
    if (count > 0) new_line(depth);
    out += close;
    return {};
  }
  void new_line(int depth) {
    if (style_.indent < 0) return;
    out += '\n';
    out.append(static_cast<std::size_t>(style_.indent) * static_cast<std::size_t>(depth), ' ');
  }

  const JsonStyle& style_;
};

}  // namespace

const Value* Dict::find(std::string_view key) const {
  for (const auto& [name, value] : items_) {
    if (name == key) return &value;
  }
  return nullptr;
}

void Dict::set(std::string_view key, Value value) {
  for (auto& [name, old] : items_) {
    if (name == key) {
      old = std::move(value);
      return;
    }
  }
  items_.push_back({std::string(key), std::move(value)});
}

std::size_t Dict::size() const {
  return items_.size();
}

const Value* Arguments::find(std::size_t index, std::string_view name) const {
  if (index < values.size()) return &values[index];
  for (const auto& [key, value] : named) {
    if (key == name) return &value;
  }
  return nullptr;
}

Value Value::undefined(std::string_view name) {
  return Value(Data(Undefined{std::make_shared<const std::string>(name)}));
}
void Value::Nesting::take(const Value& item) {
  depth = std::max(depth, item.depth() + 1);
  holds_namespace = holds_namespace || item.holds_namespace();
}

Value Value::of(List items) {
  Nesting nesting;
  for (const Value& item : items) nesting.take(item);
  return Value(Data(std::make_shared<const ListBox>(std::move(items), nesting)));
}

Value Value::of(Dict items) {
  Nesting nesting;
  for (const auto& [key, item] : items.items()) nesting.take(item);
  return Value(Data(std::make_shared<const DictBox>(std::move(items), nesting)));
}

int Value::depth() const {
  if (const auto* list = std::get_if<std::shared_ptr<const ListBox>>(&data_)) {
    return (*list)->nesting.depth;
  }
  const auto* dict = std::get_if<std::shared_ptr<const DictBox>>(&data_);
  return dict != nullptr ? (*dict)->nesting.depth : 0;
}

bool Value::holds_namespace() const {
  if (const auto* list = std::get_if<std::shared_ptr<const ListBox>>(&data_)) {
    return (*list)->nesting.holds_namespace;
  }
  if (const auto* dict = std::get_if<std::shared_ptr<const DictBox>>(&data_)) {
    return (*dict)->nesting.holds_namespace;
  }
  return as_namespace() != nullptr;
}

Value Value::new_namespace(Dict items) {
  auto made = std::make_shared<Namespace>();
  made->members = std::move(items);
  return Value(Data(std::move(made)));
}

// The depth of `json` is bounded by its parser.
Value Value::of_json(const base::Json& json) {
  if (json.is_boolean()) return of(json.get<bool>());
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX) {
    return of(json.get<double>());
  }
  if (json.is_number_integer()) return of(json.get<std::int64_t>());
  if (json.is_number()) return of(json.get<double>());
  if (json.is_string()) return of(json.get_ref<const std::string&>());
  if (json.is_array()) {
    List out;
    out.reserve(json.size());
    for (const base::Json& item : json) out.push_back(of_json(item));
    return of(std::move(out));
  }
  if (json.is_object()) {
    Dict out;
    for (const auto& [key, item] : json.items()) out.set(key, of_json(item));
    return of(std::move(out));
  }
  return none();
}

const std::string* Value::as_string() const {
  const auto* held = std::get_if<std::shared_ptr<const std::string>>(&data_);
  return held != nullptr ? held->get() : nullptr;
}
const List* Value::as_list() const {
  const auto* held = std::get_if<std::shared_ptr<const ListBox>>(&data_);
  return held != nullptr ? &(*held)->items : nullptr;
}
const Dict* Value::as_dict() const {
  if (const auto* held = std::get_if<std::shared_ptr<const DictBox>>(&data_))
    return &(*held)->items;
  return as_namespace();
}
Dict* Value::as_namespace() const {
  const auto* held = std::get_if<std::shared_ptr<Namespace>>(&data_);
  return held != nullptr ? &(*held)->members : nullptr;
}
const Function* Value::as_function() const {
  const auto* held = std::get_if<std::shared_ptr<const Function>>(&data_);
  return held != nullptr ? held->get() : nullptr;
}

double Value::to_double() const {
  if (const double* number = as_float()) return *number;
  if (const std::int64_t* number = as_int()) return static_cast<double>(*number);
  const bool* truth = as_bool();
  return truth != nullptr && *truth ? 1 : 0;
}

bool Value::to_int(std::int64_t& out) const {
  if (const std::int64_t* number = as_int()) {
    out = *number;
    return true;
  }
  if (const bool* truth = as_bool()) {
    out = *truth ? 1 : 0;
    return true;
  }
  return false;
}

bool Value::truthy() const {
  if (is_undefined() || is_none()) return false;
  if (is_number()) return to_double() != 0;
  if (const std::string* text = as_string()) return !text->empty();
  if (const List* list = as_list()) return !list->empty();
  if (as_namespace() != nullptr) return true;
  if (const Dict* dict = as_dict()) return dict->size() > 0;
  return true;
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string out = fmt::format("{}", value);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

std::string Value::to_text() const {
  if (const std::string* text = as_string()) return *text;
  std::string out;
  append_repr(out, 0);
  return out;
}

void Value::append_repr(std::string& out, int depth) const {
  if (is_undefined()) return;
  if (depth > kPrintDepthMax) {
    out += "...";
    return;
  }
  if (const std::string* text = as_string()) {
    append_quoted(out, *text);
  } else if (const bool* truth = as_bool()) {
    out += *truth ? "True" : "False";
  } else if (const std::int64_t* number = as_int()) {
    out += fmt::format("{}", *number);
  } else if (const double* real = as_float()) {
    out += float_text(*real);
  } else if (const List* list = as_list()) {
    out += '[';
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out += ", ";
      (*list)[i].append_repr(out, depth + 1);
    }
    out += ']';
  } else if (const Dict* dict = as_dict()) {
    out += '{';
    for (std::size_t i = 0; i < dict->size(); ++i) {
      if (i > 0) out += ", ";
      append_quoted(out, dict->items()[i].first);
      out += ": ";
      dict->items()[i].second.append_repr(out, depth + 1);
    }
    out += '}';
  } else if (const Function* function = as_function()) {
    out += fmt::format("<function {}>", function->name);
  } else {
    out += "None";
  }
}

std::string_view Value::type_name() const {
  if (is_undefined()) return "undefined";
  if (is_none()) return "none";
  if (as_bool() != nullptr) return "boolean";
  if (as_int() != nullptr) return "integer";
  if (as_float() != nullptr) return "float";
  if (as_string() != nullptr) return "string";
  if (as_list() != nullptr) return "list";
  return as_dict() != nullptr ? "mapping" : "function";
}

std::string Value::undefined_message() const {
  const auto* held = std::get_if<Undefined>(&data_);
  if (held == nullptr || held->name == nullptr) return "a value is undefined";
  return fmt::format("'{}' is undefined", *held->name);
}

bool Value::equals(const Value& other) const {
  if (is_number() && other.is_number()) {
    const std::int64_t* a = as_int();
    const std::int64_t* b = other.as_int();
    return a != nullptr && b != nullptr ? *a == *b : to_double() == other.to_double();
  }
  if (const std::string* text = as_string()) {
    const std::string* with = other.as_string();
    return with != nullptr && *text == *with;
  }
  if (const List* list = as_list()) {
    const List* with = other.as_list();
    return with != nullptr && std::ranges::equal(*list, *with, [](const Value& a, const Value& b) {
             return a.equals(b);
           });
  }
  if (as_namespace() != nullptr || other.as_namespace() != nullptr) {
    return as_namespace() == other.as_namespace();
  }
  if (const Dict* dict = as_dict()) {
    const Dict* with = other.as_dict();
    if (with == nullptr || dict->size() != with->size()) return false;
    return std::ranges::all_of(dict->items(), [&](const auto& item) {
      const Value* there = with->find(item.first);
      return there != nullptr && item.second.equals(*there);
    });
  }
  if (as_function() != nullptr) return as_function() == other.as_function();
  return data_.index() == other.data_.index();
}

base::Result<int> Value::compare(const Value& other) const {
  if (is_number() && other.is_number()) {
    const std::int64_t* a = as_int();
    const std::int64_t* b = other.as_int();
    if (a != nullptr && b != nullptr) return *a < *b ? -1 : *a > *b ? 1 : 0;
    const double x = to_double();
    const double y = other.to_double();
    return x < y ? -1 : x > y ? 1 : 0;
  }
  const std::string* text = as_string();
  const std::string* with = other.as_string();
  if (text != nullptr && with != nullptr) {
    const int order = text->compare(*with);  // bytes of UTF-8 sort as code points do
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  const List* list = as_list();
  const List* other_list = other.as_list();
  if (list != nullptr && other_list != nullptr) {
    for (std::size_t i = 0; i < std::min(list->size(), other_list->size()); ++i) {
      if ((*list)[i].equals((*other_list)[i])) continue;
      return (*list)[i].compare((*other_list)[i]);
    }
    return list->size() < other_list->size() ? -1 : list->size() > other_list->size() ? 1 : 0;
  }
  if (is_undefined() || other.is_undefined()) {
    return base::fail(base::Code::kInvalidArgument, "{}",
                      is_undefined() ? undefined_message() : other.undefined_message());
  }
  return base::fail(base::Code::kInvalidArgument, "{} and {} have no order", type_name(),
                    other.type_name());
}

base::Result<std::string> to_json_text(const Value& value, const JsonStyle& style) {
  JsonWriter writer(style);
  SEINE_CHECK(writer.write(value, 0));
  return std::move(writer.out);
}

}  // namespace seine::engine::jinja
