#include <algorithm>
#include <utility>

#include "engine/template/interpreter.h"

namespace seine::engine::jinja {

using base::Code;
using base::fail;

base::Result<Interpreter::Flow> Interpreter::exec(const Node& node) {
  line_ = node.line;
  SEINE_CHECK(spend(0));
  if (++depth_ > limits_.depth_max) {
    return fail(Code::kResourceExhausted, "nested more than {} deep", limits_.depth_max);
  }
  base::Result<Flow> out = exec_kind(node);
  --depth_;
  return out;
}

base::Result<Interpreter::Flow> Interpreter::exec_kind(const Node& node) {
  switch (node.kind) {
    case NodeKind::kText:
      SEINE_CHECK(write(node.text));
      break;
    case NodeKind::kOutput: {
      const Value value = SEINE_TRY(eval(*node.parts[0]));
      SEINE_CHECK(write(value.to_text()));
      break;
    }
    case NodeKind::kBlock:
      return exec_block(node);
    case NodeKind::kIf:
      return exec_if(node);
    case NodeKind::kFor:
      return exec_for(node);
    case NodeKind::kSet:
    case NodeKind::kSetPart:
      SEINE_CHECK(exec_set(node));
      break;
    case NodeKind::kSetBlock:
      SEINE_CHECK(exec_set_block(node));
      break;
    case NodeKind::kMacro:
      set(node.text, macro_of(node));
      break;
    case NodeKind::kFilterBlock:
      SEINE_CHECK(exec_filter_block(node));
      break;
    case NodeKind::kBreak:
      return Flow::kBreak;
    case NodeKind::kContinue:
      return Flow::kContinue;
    default:
      return fail(Code::kInternal, "an expression where a statement should be");
  }
  return Flow::kNext;
}

base::Result<> Interpreter::write(std::string_view text) {
  SEINE_CHECK(spend(text.size()));
  if (captured_ + out_.size() + text.size() > limits_.output_bytes_max) {
    return fail(Code::kResourceExhausted, "the template writes more than {} bytes",
                limits_.output_bytes_max);
  }
  out_ += text;
  return {};
}

base::Result<std::string> Interpreter::capture(const Node& body) {
  std::string outer = std::exchange(out_, {});
  captured_ += outer.size();
  const base::Result<Flow> done = exec(body);
  captured_ -= outer.size();
  std::string inner = std::exchange(out_, std::move(outer));
  if (!done) return std::unexpected(done.error());
  return inner;
}

base::Result<Interpreter::Flow> Interpreter::exec_block(const Node& node) {
  for (const NodePtr& part : node.parts) {
    const Flow flow = SEINE_TRY(exec(*part));
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

base::Result<Interpreter::Flow> Interpreter::exec_if(const Node& node) {
  const Value condition = SEINE_TRY(eval(*node.parts[0]));
  if (condition.truthy()) return exec(*node.parts[1]);
  if (node.parts.size() > 2) return exec(*node.parts[2]);
  return Flow::kNext;
}

base::Result<> Interpreter::assign(const std::vector<std::string>& targets, const Value& value) {
  if (targets.size() == 1) {
    set(targets.front(), value);
    return {};
  }
  const List items = SEINE_TRY(items_of(value));
  if (items.size() != targets.size()) {
    return fail(Code::kInvalidArgument, "{} values for {} names", items.size(), targets.size());
  }
  for (std::size_t i = 0; i < targets.size(); ++i) set(targets[i], items[i]);
  return {};
}

base::Result<Interpreter::Flow> Interpreter::exec_for(const Node& node) {
  const Value over = SEINE_TRY(eval(*node.parts[0]));
  List items = SEINE_TRY(items_of(over));
  Scope scope{.outer = scope_, .names = {}};
  // The scope goes with this call, on every way out.
  struct Inside {
    Interpreter& interpreter;
    Scope* outer;
    ~Inside() { interpreter.scope_ = outer; }
  } inside{*this, scope_};
  scope_ = &scope;
  if (node.parts[1]) {
    List kept;
    for (const Value& item : items) {
      SEINE_CHECK(assign(node.texts, item));
      const Value condition = SEINE_TRY(eval(*node.parts[1]));
      if (condition.truthy()) kept.push_back(item);
    }
    items = std::move(kept);
  }
  if (items.empty() && node.parts[3]) {
    scope_ = inside.outer;
    return exec(*node.parts[3]);
  }
  const std::size_t count = items.size();
  for (std::size_t i = 0; i < count; ++i) {
    scope.names.clear();
    SEINE_CHECK(assign(node.texts, items[i]));
    Dict loop;
    loop.set("index", Value::of(i + 1));
    loop.set("index0", Value::of(i));
    loop.set("revindex", Value::of(count - i));
    loop.set("revindex0", Value::of(count - i - 1));
    loop.set("first", Value::of(i == 0));
    loop.set("last", Value::of(i + 1 == count));
    loop.set("length", Value::of(count));
    loop.set("previtem", i > 0 ? items[i - 1] : Value::undefined("loop.previtem"));
    loop.set("nextitem", i + 1 < count ? items[i + 1] : Value::undefined("loop.nextitem"));
    set("loop", Value::of(std::move(loop)));
    const Flow flow = SEINE_TRY(exec(*node.parts[2]));
    if (flow == Flow::kBreak) break;
  }
  return Flow::kNext;
}

base::Result<> Interpreter::exec_set(const Node& node) {
  Value value = SEINE_TRY(eval(*node.parts[0]));
  line_ = node.line;
  if (node.kind == NodeKind::kSet) return assign(node.texts, value);
  const Value* object = find(node.text);
  Dict* members = object != nullptr ? object->as_namespace() : nullptr;
  if (members == nullptr) {
    return fail(Code::kInvalidArgument, "'{}' is no namespace: its attribute '{}' cannot be set",
                node.text, node.texts.front());
  }
  if (value.holds_namespace()) {
    return fail(Code::kInvalidArgument, "a namespace cannot be put into a namespace");
  }
  members->set(node.texts.front(), std::move(value));
  return {};
}

// The filters behind a body, applied to its text.
base::Result<Value> Interpreter::piped(const Node& node, std::string text) {
  Value value = SEINE_TRY(made_text(std::move(text)));
  for (std::size_t i = 1; i < node.parts.size(); ++i) {
    value = SEINE_TRY(eval_filter(*node.parts[i], value));
  }
  return value;
}

base::Result<> Interpreter::exec_set_block(const Node& node) {
  std::string text = SEINE_TRY(capture(*node.parts[0]));
  set(node.text, SEINE_TRY(piped(node, std::move(text))));
  return {};
}

base::Result<> Interpreter::exec_filter_block(const Node& node) {
  std::string text = SEINE_TRY(capture(*node.parts[0]));
  const Value value = SEINE_TRY(piped(node, std::move(text)));
  return write(value.to_text());
}

// A macro sees the template's own names and its arguments, wherever it is called: it holds nothing
// but its place in the tree, so values cannot hold each other for ever.
Value Interpreter::macro_of(const Node& node) {
  return Value::of(Function{node.text, [&node](Interpreter& interpreter, const Arguments& given) {
                              return interpreter.call_macro(node, given);
                            }});
}

base::Result<Value> Interpreter::call_macro(const Node& node, const Arguments& given) {
  if (given.values.size() > node.texts.size()) {
    return fail(Code::kInvalidArgument, "macro '{}' takes {} arguments, not {}", node.text,
                node.texts.size(), given.values.size());
  }
  Scope scope{.outer = &globals_, .names = {}};
  struct Inside {
    Interpreter& interpreter;
    Scope* outer;
    ~Inside() { interpreter.scope_ = outer; }
  } inside{*this, scope_};
  scope_ = &scope;
  for (std::size_t i = 0; i < node.texts.size(); ++i) {
    const Value* value = given.find(i, node.texts[i]);
    if (value != nullptr) {
      set(node.texts[i], *value);
    } else if (i + 1 < node.parts.size() && node.parts[i + 1]) {
      set(node.texts[i], SEINE_TRY(eval(*node.parts[i + 1])));
    } else {
      set(node.texts[i], Value::undefined(node.texts[i]));
    }
  }
  for (const auto& [name, value] : given.named) {
    if (std::ranges::find(node.texts, name) == node.texts.end()) {
      return fail(Code::kInvalidArgument, "macro '{}' has no argument '{}'", node.text, name);
    }
  }
  std::string text = SEINE_TRY(capture(*node.parts[0]));
  return made_text(std::move(text));
}

}  // namespace seine::engine::jinja
