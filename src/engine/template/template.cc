#include "engine/template/template.h"

#include <utility>

#include "base/utf8.h"
#include "engine/template/parser.h"

namespace seine::engine {

base::Result<Template> Template::parse(std::string_view source) {
  if (source.size() > kSourceMax) {
    return base::fail(base::Code::kResourceExhausted, "the template has {} bytes, the limit is {}",
                      source.size(), kSourceMax);
  }
  // Every kind of line end is one to Jinja.
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
    } else if (i + 1 >= source.size() || source[i + 1] != '\n') {
      text += '\n';
    }
  }
  jinja::NodePtr root = SEINE_TRY(jinja::parse_template(base::to_valid_utf8(text)));
  return Template(std::shared_ptr<const jinja::Node>(std::move(root)));
}

base::Result<std::string> Template::render(const jinja::Dict& globals, const base::Clock& clock,
                                           jinja::RenderLimits limits) const {
  return jinja::Interpreter(clock, limits).render(*root_, globals);
}

}  // namespace seine::engine
