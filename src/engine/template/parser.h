// Parser: tokens to the tree of a template. Pure; nesting is bounded; errors name the line.
#pragma once

#include <string_view>

#include "base/error.h"
#include "engine/template/ast.h"

namespace seine::engine::jinja {

inline constexpr int kParseDepthMax = 96;

base::Result<NodePtr> parse_template(std::string_view source);

}  // namespace seine::engine::jinja
