// Value: what a template computes with: Jinja's undefined, none, booleans, integers, floats,
// strings, lists, mappings in the order they were written, and functions. Copies share their
// contents, which never change after they are made, but for a namespace. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"

namespace seine::engine::jinja {

class Value;
class Interpreter;

struct Undefined {
  std::shared_ptr<const std::string> name;  // what was looked for; null where there is no name
};
struct None {};

using List = std::vector<Value>;

struct DictItem;

class Dict {
 public:
  const Value* find(std::string_view key) const;
  void set(std::string_view key, Value value);
  const std::vector<DictItem>& items() const { return items_; }
  std::size_t size() const;

 private:
  std::vector<DictItem> items_;
};

struct Arguments;

// Something that can be called. What it says of itself serves error messages.
struct Function {
  std::string name;
  std::function<base::Result<Value>(Interpreter&, const Arguments&)> call;
};

class Value {
 public:
  Value() : data_(Undefined{}) {}
  static Value undefined(std::string_view name);
  static Value none() { return Value(Data(None{})); }
  static Value of(bool value) { return Value(Data(value)); }
  static Value of(std::int64_t value) { return Value(Data(value)); }
  static Value of(std::size_t value) { return Value(Data(static_cast<std::int64_t>(value))); }
  static Value of(double value) { return Value(Data(value)); }
  static Value of(std::string text) {
    return Value(Data(std::make_shared<const std::string>(std::move(text))));
  }
  static Value of(std::string_view text) { return of(std::string(text)); }
  static Value of(const char* text) { return of(std::string(text)); }
  static Value of(List items);
  static Value of(Dict items);
  static Value of(Function function) {
    return Value(Data(std::make_shared<const Function>(std::move(function))));
  }
  static Value new_namespace(Dict items);
  static Value of_json(const base::Json& json);

  bool is_undefined() const { return std::holds_alternative<Undefined>(data_); }
  bool is_none() const { return std::holds_alternative<None>(data_); }
  const bool* as_bool() const { return std::get_if<bool>(&data_); }
  const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&data_); }
  const double* as_float() const { return std::get_if<double>(&data_); }
  const std::string* as_string() const;
  const List* as_list() const;
  const Dict* as_dict() const;  // a namespace, too
  Dict* as_namespace() const;
  const Function* as_function() const;
  // An int, a float or a bool, which counts as 0 or 1.
  bool is_number() const { return as_int() || as_float() || as_bool(); }
  double to_double() const;
  // An int or a bool.
  bool to_int(std::int64_t& out) const;

  // How deep lists and mappings are nested: 0 for anything else.
  int depth() const;
  // A namespace is in it: it must not go into a namespace, or they would hold each other for ever.
  bool holds_namespace() const;

  bool truthy() const;
  // As Python's str(): "True", "None", strings as they are.
  std::string to_text() const;
  // "undefined", "none", "boolean", "integer", "float", "string", "list", "mapping", "function".
  std::string_view type_name() const;
  // "'x' is undefined", where this is undefined.
  std::string undefined_message() const;

  bool equals(const Value& other) const;
  // <0, 0, >0; an error for what has no order.
  base::Result<int> compare(const Value& other) const;

 private:
  struct Nesting {
    int depth = 1;
    bool holds_namespace = false;
    void take(const Value& item);
  };
  struct ListBox {
    List items;
    Nesting nesting;
  };
  struct DictBox {
    Dict items;
    Nesting nesting;
  };
  struct Namespace {
    Dict members;
  };
  using Data =
      std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const std::string>,
                   std::shared_ptr<const ListBox>, std::shared_ptr<const DictBox>,
                   std::shared_ptr<Namespace>, std::shared_ptr<const Function>>;
  explicit Value(Data data) : data_(std::move(data)) {}
  void append_repr(std::string& out, int depth) const;

  Data data_;
};

struct DictItem {
  std::string first;
  Value second;
};

struct Arguments {
  std::vector<Value> values;
  std::vector<std::pair<std::string, Value>> named;

  // The value at `index` or the one named so; null if neither was given.
  const Value* find(std::size_t index, std::string_view name) const;
};

struct JsonStyle {
  int indent = -1;  // -1: one line
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool ascii = false;
  bool sorted = false;
};

// As Python's json.dumps; an error for what JSON cannot say.
base::Result<std::string> to_json_text(const Value& value, const JsonStyle& style);

// As Python's repr() of a float.
std::string float_text(double value);

}  // namespace seine::engine::jinja
