// Any bytes make a tree whose links agree with each other.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "web/extract/html/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web::html;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto check = [](const Document& document) {
    for (const Node* node = document.root; node != nullptr;
         node = next_in_tree(node, document.root)) {
      const Node* last = nullptr;
      for (const Node* child = node->first_child; child != nullptr; child = child->next) {
        if (child->parent != node || child->previous != last) std::abort();
        last = child;
      }
      if (node->last_child != last) std::abort();
      if (node->offset != kNoOffset && node->offset > document.source.size()) std::abort();
    }
  };
  const ParseLimits small{.source_bytes_max = 1 << 20, .nodes_max = 20000, .depth_max = 64};
  check(*parse(text));
  check(*parse(text, small));
  static constexpr const char* kContexts[] = {"div", "table",    "select",   "template",
                                              "tr",  "textarea", "frameset", "html"};
  check(*parse_fragment(text, kContexts[size % 8]));
  check(*parse_fragment(text, size % 2 == 0 ? "svg" : "foreignObject", Namespace::kSvg));
  return 0;
}
