// Template: a chat template in Jinja, parsed once and rendered often. The language is what chat
// templates use of Jinja 2, with the settings they are written for (trim_blocks, lstrip_blocks,
// tojson that keeps what is not ASCII): if, for, set, macro, filter, generation, raw; expressions
// with slices, conditionals, filters and tests. Immutable once parsed, any thread.
//
// Never: reads files, includes other templates, changes the values it is given, runs without bound.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "engine/template/interpreter.h"

namespace seine::engine {

class Template {
 public:
  static constexpr std::size_t kSourceMax = std::size_t{1} << 20;

  // Errors name the line.
  static base::Result<Template> parse(std::string_view source);

  // Errors name the line, and the variable where one is undefined.
  base::Result<std::string> render(const jinja::Dict& globals, const base::Clock& clock,
                                   jinja::RenderLimits limits = {}) const;

 private:
  explicit Template(std::shared_ptr<const jinja::Node> root) : root_(std::move(root)) {}
  std::shared_ptr<const jinja::Node> root_;
};

}  // namespace seine::engine
