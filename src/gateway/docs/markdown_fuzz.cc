// Markdown of any bytes becomes HTML in which nothing but our own tags stands and every tag is
// closed.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "gateway/docs/markdown.h"

namespace {

bool is_void(std::string_view name) {
  return name == "br" || name == "hr";
}

// Each tag closes in order, and no quote of an attribute is left open.
bool is_balanced(std::string_view html) {
  std::vector<std::string_view> open;
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    if (end == std::string_view::npos) return false;
    const bool closes = html[at + 1] == '/';
    const std::string_view tag =
        html.substr(at + 1 + (closes ? 1 : 0), end - at - 1 - (closes ? 1 : 0));
    const std::string_view name = tag.substr(0, tag.find(' '));
    if (is_void(name)) continue;
    if (!closes) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return false;
    } else {
      open.pop_back();
    }
  }
  return open.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string html = seine::gateway::markdown_to_html(text);
  SEINE_ASSERT(is_balanced(html), "a tag is left open");
  SEINE_ASSERT(html.find("<script") == std::string::npos, "text became a tag");
  (void)seine::gateway::markdown_title(text);
  return 0;
}
