#include "engine/parse/call_parser.h"

#include <algorithm>

namespace seine::engine {

std::optional<bool> CallParser::begins(std::string_view, std::size_t) const {
  return true;
}

std::unique_ptr<CallParser> CallParser::of(ToolFormat format) {
  switch (format) {
    case ToolFormat::kDeepSeekR1:
    case ToolFormat::kDeepSeekV31:
      return make_deepseek_parser();
    case ToolFormat::kDsml:
      return make_dsml_parser();
    case ToolFormat::kHermes:
      break;
  }
  return make_hermes_parser();
}

void skip_space(std::string_view& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  text.remove_prefix(std::min(first, text.size()));
}

}  // namespace seine::engine
