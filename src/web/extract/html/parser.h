// Bytes to a tree: HTML text (UTF-8) in, a Document out, by the tree construction rules of the HTML
// Standard with scripting off. Never fails: every input is a document. Limits cut the tree short
// and set Document::truncated.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "web/extract/html/dom.h"

namespace seine::web::html {

struct ParseLimits {
  std::size_t source_bytes_max = std::size_t{32} << 20;
  std::size_t nodes_max = 500'000;  // about 80 MiB of arena
  // Open elements at once. A deeper element becomes its parent's sibling, as in browsers, so that
  // no walk up the tree or the stack is long.
  std::size_t depth_max = 512;
};

std::unique_ptr<Document> parse(std::string source, const ParseLimits& limits = {});

// innerHTML of a context element; the nodes are children of Document::root.
std::unique_ptr<Document> parse_fragment(std::string source, std::string_view context_name,
                                         Namespace context_namespace = Namespace::kHtml,
                                         const ParseLimits& limits = {});

}  // namespace seine::web::html
