// Formulas as TeX: MathML with a TeX annotation, KaTeX and MathJax markup, images whose alternative
// text is TeX, and MathML alone written out in a line. Internal to markdown/.
#pragma once

#include <optional>
#include <string>

#include "web/extract/html/dom.h"

namespace seine::web {

struct Formula {
  std::string tex;
  bool display = false;  // on a line of its own
};

// Nothing when the element is not the outermost of a formula.
std::optional<Formula> read_formula(const html::Node* node);

}  // namespace seine::web
