#include "engine/template/interpreter.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::engine::jinja {

using base::Code;
using base::fail;

base::Result<std::string> Interpreter::render(const Node& root, const Dict& globals) {
  Dict functions;
  add_functions(functions);
  for (const auto& [name, value] : functions.items()) globals_.names.emplace_back(name, value);
  for (const auto& [name, value] : globals.items()) set(name, value);
  const auto done = exec(root);
  if (!done) {
    base::Error error = done.error();
    error.message = fmt::format("template, line {}: {}", line_, error.message);
    return std::unexpected(std::move(error));
  }
  return std::move(out_);
}

base::Result<> Interpreter::spend(std::size_t bytes) {
  steps_ += 1 + bytes / 32;
  if (steps_ > limits_.steps_max) {
    return fail(Code::kResourceExhausted, "the template takes more than {} steps",
                limits_.steps_max);
  }
  return {};
}

base::Result<Value> Interpreter::made(Value value) {
  if (const std::string* text = value.as_string()) {
    if (text->size() > limits_.output_bytes_max) {
      return fail(Code::kResourceExhausted, "a text of {} bytes, the limit is {}", text->size(),
                  limits_.output_bytes_max);
    }
    SEINE_CHECK(spend(text->size()));
  } else if (const List* list = value.as_list()) {
    SEINE_CHECK(spend(list->size() * 32));
  } else if (const Dict* dict = value.as_dict()) {
    SEINE_CHECK(spend(dict->size() * 32));
  }
  if (value.depth() > limits_.value_depth_max) {
    return fail(Code::kResourceExhausted, "a value nested more than {} deep",
                limits_.value_depth_max);
  }
  return value;
}

base::Result<Value> Interpreter::made_text(std::string text) {
  return made(Value::of(std::move(text)));
}

base::Result<List> Interpreter::items_of(const Value& value) {
  List out;
  if (const List* list = value.as_list()) {
    SEINE_CHECK(spend(list->size() * 32));
    return *list;
  }
  if (const std::string* text = value.as_string()) {
    SEINE_CHECK(spend(text->size() * 32));
    for (std::size_t at = 0; at < text->size();) {
      const std::size_t length = base::decode_utf8(std::string_view(*text).substr(at)).length;
      out.push_back(Value::of(text->substr(at, length)));
      at += length;
    }
    return out;
  }
  if (const Dict* dict = value.as_dict()) {
    SEINE_CHECK(spend(dict->size() * 32));
    for (const auto& [key, item] : dict->items()) out.push_back(Value::of(key));
    return out;
  }
  if (value.is_undefined()) return out;
  return fail(Code::kInvalidArgument, "a value of type {} cannot be iterated over",
              value.type_name());
}

std::unexpected<base::Error> Interpreter::undefined(const Value& value) const {
  return fail(Code::kInvalidArgument, "{}", value.undefined_message());
}

const Value* Interpreter::find(std::string_view name) const {
  for (const Scope* scope = scope_; scope != nullptr; scope = scope->outer) {
    for (const auto& [known, value] : scope->names) {
      if (known == name) return &value;
    }
  }
  return nullptr;
}

void Interpreter::set(std::string_view name, Value value) {
  for (auto& [known, old] : scope_->names) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  scope_->names.emplace_back(name, std::move(value));
}

base::Result<Value> Interpreter::eval(const Node& node) {
  line_ = node.line;
  SEINE_CHECK(spend(0));
  if (++depth_ > limits_.depth_max) {
    return fail(Code::kResourceExhausted, "nested more than {} deep", limits_.depth_max);
  }
  base::Result<Value> out = eval_kind(node);
  --depth_;
  return out;
}

base::Result<Value> Interpreter::eval_kind(const Node& node) {
  switch (node.kind) {
    case NodeKind::kLiteral:
      return node.value;
    case NodeKind::kName:
      return eval_name(node);
    case NodeKind::kList:
      return eval_list(node);
    case NodeKind::kDict:
      return eval_dict(node);
    case NodeKind::kAttribute:
      return eval_attribute(node);
    case NodeKind::kSubscript:
      return eval_subscript(node);
    case NodeKind::kSlice:
      return eval_slice(node);
    case NodeKind::kCall:
      return eval_call(node);
    case NodeKind::kFilter:
      return eval_filter(node, SEINE_TRY(eval(*node.parts[0])));
    case NodeKind::kTest:
      return eval_test(node);
    case NodeKind::kUnary:
      return eval_unary(node);
    case NodeKind::kBinary:
      return eval_binary(node);
    case NodeKind::kCompare:
      return eval_compare(node);
    case NodeKind::kAnd:
    case NodeKind::kOr: {
      Value left = SEINE_TRY(eval(*node.parts[0]));
      if (left.truthy() == (node.kind == NodeKind::kOr)) return left;
      return eval(*node.parts[1]);
    }
    case NodeKind::kConditional:
      return eval_conditional(node);
    default:
      return fail(Code::kInternal, "a statement where an expression should be");
  }
}

base::Result<Value> Interpreter::eval_name(const Node& node) {
  const Value* found = find(node.text);
  return found != nullptr ? *found : Value::undefined(node.text);
}

base::Result<Value> Interpreter::eval_list(const Node& node) {
  List out;
  for (const NodePtr& part : node.parts) out.push_back(SEINE_TRY(eval(*part)));
  return made(Value::of(std::move(out)));
}

base::Result<Value> Interpreter::eval_dict(const Node& node) {
  Dict out;
  for (std::size_t i = 0; i + 1 < node.parts.size(); i += 2) {
    const Value key = SEINE_TRY(eval(*node.parts[i]));
    out.set(key.to_text(), SEINE_TRY(eval(*node.parts[i + 1])));
  }
  return made(Value::of(std::move(out)));
}

base::Result<Value> Interpreter::eval_conditional(const Node& node) {
  const Value condition = SEINE_TRY(eval(*node.parts[0]));
  if (condition.truthy()) return eval(*node.parts[1]);
  return node.parts[2] ? eval(*node.parts[2]) : Value();
}

base::Result<Value> Interpreter::eval_attribute(const Node& node) {
  const Value object = SEINE_TRY(eval(*node.parts[0]));
  if (object.is_undefined()) return undefined(object);
  if (const Dict* dict = object.as_dict()) {
    if (const Value* member = dict->find(node.text)) return *member;
  }
  const Node& inner = *node.parts[0];
  return Value::undefined(inner.kind == NodeKind::kName ? inner.text + "." + node.text : node.text);
}

base::Result<Value> Interpreter::attribute(const Value& object, std::string_view path) {
  Value at = object;
  while (true) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string_view name = path.substr(0, dot);
    const Dict* dict = at.as_dict();
    const List* list = at.as_list();
    const Value* member = dict != nullptr ? dict->find(name) : nullptr;
    const std::optional<std::uint64_t> index = base::parse_u64(name);
    if (list != nullptr && index && *index < list->size()) member = &(*list)[*index];
    Value next = member != nullptr ? *member : Value::undefined(name);
    at = std::move(next);
    if (dot == path.size()) return at;
    path.remove_prefix(dot + 1);
  }
}

base::Result<Value> Interpreter::eval_subscript(const Node& node) {
  const Value object = SEINE_TRY(eval(*node.parts[0]));
  const Value at = SEINE_TRY(eval(*node.parts[1]));
  return index(object, at, *node.parts[0]);
}

base::Result<Value> Interpreter::index(const Value& object, const Value& at, const Node& node) {
  if (object.is_undefined()) return undefined(object);
  const std::string name = fmt::format(
      "{}[{}]", node.kind == NodeKind::kName ? node.text : std::string(object.type_name()),
      at.as_string() != nullptr ? "'" + *at.as_string() + "'" : at.to_text());
  if (const Dict* dict = object.as_dict()) {
    const Value* member = dict->find(at.to_text());
    return member != nullptr ? *member : Value::undefined(name);
  }
  std::int64_t position = 0;
  if (!at.to_int(position)) return Value::undefined(name);
  if (const List* list = object.as_list()) {
    const auto size = static_cast<std::int64_t>(list->size());
    if (position < 0) position += size;
    if (position < 0 || position >= size) return Value::undefined(name);
    return (*list)[static_cast<std::size_t>(position)];
  }
  if (const std::string* text = object.as_string()) {
    SEINE_CHECK(spend(text->size()));
    const std::u32string points = base::to_utf32(*text);
    const auto size = static_cast<std::int64_t>(points.size());
    if (position < 0) position += size;
    if (position < 0 || position >= size) return Value::undefined(name);
    return Value::of(base::to_utf8(points.substr(static_cast<std::size_t>(position), 1)));
  }
  return Value::undefined(name);
}

base::Result<Value> Interpreter::eval_slice(const Node& node) {
  const Value object = SEINE_TRY(eval(*node.parts[0]));
  std::optional<std::int64_t> bounds[3];
  for (std::size_t i = 0; i < 3; ++i) {
    if (!node.parts[i + 1]) continue;
    const Value bound = SEINE_TRY(eval(*node.parts[i + 1]));
    std::int64_t number = 0;
    if (bound.is_none()) continue;
    if (!bound.to_int(number)) {
      return fail(Code::kInvalidArgument, "a slice's bounds are integers, not {}",
                  bound.is_undefined() ? bound.undefined_message() : bound.type_name());
    }
    bounds[i] = number;
  }
  const std::string* text = object.as_string();
  const List* list = object.as_list();
  if (text == nullptr && list == nullptr) {
    if (object.is_undefined()) return undefined(object);
    return fail(Code::kInvalidArgument, "a value of type {} cannot be sliced", object.type_name());
  }
  const std::u32string points = text != nullptr ? base::to_utf32(*text) : std::u32string();
  const auto size = static_cast<std::int64_t>(text != nullptr ? points.size() : list->size());
  const std::int64_t step = bounds[2].value_or(1);
  if (step == 0) return fail(Code::kInvalidArgument, "a slice's step is 0");
  const auto clamp = [&](std::optional<std::int64_t> bound, std::int64_t otherwise) {
    if (!bound) return otherwise;
    const std::int64_t least = step > 0 ? 0 : -1;
    const std::int64_t most = step > 0 ? size : size - 1;
    const std::int64_t place = *bound < 0 ? (*bound < -size ? -1 : *bound + size) : *bound;
    return std::clamp(place, least, most < least ? least : most);
  };
  const std::int64_t from = clamp(bounds[0], step > 0 ? 0 : size - 1);
  const std::int64_t to = clamp(bounds[1], step > 0 ? size : -1);
  std::u32string out_text;
  List out_list;
  const std::uint64_t distance = step > 0 ? (from < to ? static_cast<std::uint64_t>(to - from) : 0)
                                          : (from > to ? static_cast<std::uint64_t>(from - to) : 0);
  const std::uint64_t stride = step > 0 ? static_cast<std::uint64_t>(step)
                                        : std::uint64_t{0} - static_cast<std::uint64_t>(step);
  const std::uint64_t count = distance == 0 ? 0 : (distance - 1) / stride + 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto gone = static_cast<std::int64_t>(i * stride);
    const auto place = static_cast<std::size_t>(step > 0 ? from + gone : from - gone);
    if (text != nullptr) {
      out_text += points[place];
    } else {
      out_list.push_back((*list)[place]);
    }
  }
  if (text != nullptr) return made_text(base::to_utf8(out_text));
  return made(Value::of(std::move(out_list)));
}

base::Result<Arguments> Interpreter::arguments(const Node& call, std::size_t first) {
  Arguments out;
  for (std::size_t i = first; i < call.parts.size(); ++i) {
    const Node& part = *call.parts[i];
    if (part.kind == NodeKind::kNamed) {
      out.named.emplace_back(part.text, SEINE_TRY(eval(*part.parts[0])));
    } else {
      out.values.push_back(SEINE_TRY(eval(part)));
    }
  }
  return out;
}

base::Result<Value> Interpreter::eval_call(const Node& node) {
  const Node& callee = *node.parts[0];
  if (callee.kind == NodeKind::kAttribute) {
    const Value object = SEINE_TRY(eval(*callee.parts[0]));
    const Arguments given = SEINE_TRY(arguments(node, 1));
    line_ = node.line;
    if (object.is_undefined()) return undefined(object);
    const Dict* dict = object.as_dict();
    const Value* member = dict != nullptr ? dict->find(callee.text) : nullptr;
    if (member != nullptr && member->as_function() != nullptr) {
      return member->as_function()->call(*this, given);
    }
    return made(SEINE_TRY(call_method(*this, object, callee.text, given)));
  }
  const Value function = SEINE_TRY(eval(callee));
  const Arguments given = SEINE_TRY(arguments(node, 1));
  line_ = node.line;
  if (function.is_undefined()) return undefined(function);
  if (function.as_function() == nullptr) {
    return fail(Code::kInvalidArgument, "a value of type {} cannot be called",
                function.type_name());
  }
  return made(SEINE_TRY(function.as_function()->call(*this, given)));
}

base::Result<Value> Interpreter::eval_filter(const Node& node, const Value& input) {
  const Arguments given = SEINE_TRY(arguments(node, 1));
  line_ = node.line;
  return made(SEINE_TRY(filter(node.text, input, given)));
}

base::Result<Value> Interpreter::eval_test(const Node& node) {
  const Value input = SEINE_TRY(eval(*node.parts[0]));
  const Arguments given = SEINE_TRY(arguments(node, 1));
  line_ = node.line;
  return Value::of(SEINE_TRY(test(node.text, input, given)));
}

base::Result<Value> Interpreter::eval_unary(const Node& node) {
  const Value operand = SEINE_TRY(eval(*node.parts[0]));
  if (node.text == "not") return Value::of(!operand.truthy());
  return apply_operator(*this, node.text, Value::of(std::int64_t{0}), operand);
}

base::Result<Value> Interpreter::eval_binary(const Node& node) {
  const Value left = SEINE_TRY(eval(*node.parts[0]));
  const Value right = SEINE_TRY(eval(*node.parts[1]));
  line_ = node.line;
  return made(SEINE_TRY(apply_operator(*this, node.text, left, right)));
}

base::Result<Value> Interpreter::eval_compare(const Node& node) {
  Value left = SEINE_TRY(eval(*node.parts[0]));
  for (std::size_t i = 0; i < node.texts.size(); ++i) {
    Value right = SEINE_TRY(eval(*node.parts[i + 1]));
    const std::string& op = node.texts[i];
    bool holds = false;
    if (op == "==" || op == "!=") {
      const std::string* text = left.as_string();
      SEINE_CHECK(spend(text != nullptr ? text->size() : 0));
      holds = left.equals(right) == (op == "==");
    } else if (op == "in" || op == "not in") {
      holds = SEINE_TRY(contains(*this, right, left)) == (op == "in");
    } else {
      const int order = SEINE_TRY(left.compare(right));
      holds = op == "<" ? order < 0 : op == ">" ? order > 0 : op == "<=" ? order <= 0 : order >= 0;
    }
    if (!holds) return Value::of(false);
    left = std::move(right);
  }
  return Value::of(true);
}

}  // namespace seine::engine::jinja
