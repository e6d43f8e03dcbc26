// A selector from anyone, over a tree of anything.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "web/extract/html/parser.h"
#include "web/extract/style/selector.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = std::min(text.find('\n'), text.size());
  const auto selectors = css::parse_selector_list(text.substr(0, end));
  if (!selectors) return 0;
  const auto document = html::parse(std::string(text.substr(end)));
  for (const html::Node* node = document->root; node != nullptr;
       node = html::next_in_tree(node, document->root)) {
    if (!node->is_element()) continue;
    for (const css::Selector& selector : *selectors) (void)selector.matches(node);
  }
  return 0;
}
