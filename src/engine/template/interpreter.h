// Interpreter: runs the tree of a template over values. Bounded in steps, depth and output, so that
// a model file's template can neither hang nor exhaust the process. One object renders once, on one
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "engine/template/ast.h"

namespace seine::engine::jinja {

struct RenderLimits {
  // One a node evaluated and one for every 32 bytes or items made.
  std::uint64_t steps_max = 20'000'000;
  std::size_t output_bytes_max = std::size_t{32} << 20;
  int depth_max = 300;        // of nodes inside each other, calls of macros included
  int value_depth_max = 100;  // of lists and mappings
};

class Interpreter {
 public:
  Interpreter(const base::Clock& clock, RenderLimits limits) : clock_(clock), limits_(limits) {}

  // `globals`: what the template knows by name.
  base::Result<std::string> render(const Node& root, const Dict& globals);

  // For filters, tests and functions.
  base::Result<> spend(std::size_t bytes);
  base::Result<Value> made(Value value);  // counted and checked
  base::Result<Value> made_text(std::string text);
  base::Result<List> items_of(const Value& value);
  base::Result<Value> attribute(const Value& object, std::string_view path);
  base::Result<Value> filter(std::string_view name, const Value& input, const Arguments& arguments);
  base::Result<bool> test(std::string_view name, const Value& input, const Arguments& arguments);
  const base::Clock& clock() const { return clock_; }

 private:
  enum class Flow : std::uint8_t { kNext, kBreak, kContinue };
  struct Scope {
    Scope* outer = nullptr;
    std::vector<std::pair<std::string, Value>> names;
  };

  base::Result<Value> eval(const Node& node);
  base::Result<Value> eval_kind(const Node& node);
  base::Result<Value> eval_name(const Node& node);
  base::Result<Value> eval_list(const Node& node);
  base::Result<Value> eval_dict(const Node& node);
  base::Result<Value> eval_attribute(const Node& node);
  base::Result<Value> eval_subscript(const Node& node);
  base::Result<Value> eval_slice(const Node& node);
  base::Result<Value> eval_call(const Node& node);
  base::Result<Value> eval_filter(const Node& node, const Value& input);
  base::Result<Value> eval_test(const Node& node);
  base::Result<Value> eval_unary(const Node& node);
  base::Result<Value> eval_binary(const Node& node);
  base::Result<Value> eval_compare(const Node& node);
  base::Result<Value> eval_conditional(const Node& node);
  base::Result<Arguments> arguments(const Node& call, std::size_t first);
  base::Result<Value> index(const Value& object, const Value& at, const Node& node);

  base::Result<Flow> exec(const Node& node);
  base::Result<Flow> exec_kind(const Node& node);
  base::Result<Flow> exec_block(const Node& node);
  base::Result<Flow> exec_if(const Node& node);
  base::Result<Flow> exec_for(const Node& node);
  base::Result<> exec_set(const Node& node);
  base::Result<> exec_set_block(const Node& node);
  base::Result<> exec_filter_block(const Node& node);
  base::Result<> write(std::string_view text);
  // The output of a body instead of writing it.
  base::Result<std::string> capture(const Node& body);
  base::Result<Value> piped(const Node& node, std::string text);

  Value macro_of(const Node& node);
  base::Result<Value> call_macro(const Node& node, const Arguments& arguments);
  // What the names stand for, in the innermost scope.
  base::Result<> assign(const std::vector<std::string>& targets, const Value& value);
  void set(std::string_view name, Value value);
  const Value* find(std::string_view name) const;
  std::unexpected<base::Error> undefined(const Value& value) const;

  const base::Clock& clock_;
  RenderLimits limits_;
  Scope globals_;
  Scope* scope_ = &globals_;
  std::string out_;
  std::size_t captured_ = 0;  // bytes of outer outputs while a body is captured
  std::uint64_t steps_ = 0;
  int depth_ = 0;
  std::uint32_t line_ = 0;
};

// Strings' and other values' methods, as `text.split(",")`.
base::Result<Value> call_method(Interpreter& interpreter, const Value& object,
                                std::string_view name, const Arguments& arguments);

// range, namespace, dict, raise_exception, strftime_now.
void add_functions(Dict& globals);

// The operators + - * / // % ** ~.
base::Result<Value> apply_operator(Interpreter& interpreter, std::string_view op, const Value& left,
                                   const Value& right);
// `needle in hay`
base::Result<bool> contains(Interpreter& interpreter, const Value& hay, const Value& needle);

// White space as Python's str.strip() sees it; `characters`: those instead.
std::string_view stripped(std::string_view text, const std::string* characters, bool left,
                          bool right);

}  // namespace seine::engine::jinja
