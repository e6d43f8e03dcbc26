// The sanitiser: any bytes give HTML that is a fixed point and in which nothing can run.
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "web/extract/html/parser.h"
#include "web/extract/sanitize/sanitizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web;
  const SanitizeOptions options{.base_url = "https://example.org/"};
  const std::string out =
      sanitize_html(std::string_view(reinterpret_cast<const char*>(data), size), options);
  SEINE_ASSERT(sanitize_html(out, options) == out, "sanitising twice changes nothing");
  const auto document = html::parse_fragment(out, "div");
  for (const html::Node* node = document->root; node != nullptr;
       node = html::next_in_tree(node, document->root)) {
    if (!node->is_element()) continue;
    SEINE_ASSERT(node->ns == html::Namespace::kHtml, "no SVG, no MathML");
    SEINE_ASSERT(node->name != "script" && node->name != "style" && node->name != "iframe",
                 "nothing that runs");
    for (std::uint32_t i = 0; i < node->attribute_count; ++i) {
      SEINE_ASSERT(!node->attributes[i].name.starts_with("on"), "no handlers");
    }
  }
  return 0;
}
