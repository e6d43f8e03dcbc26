// Sanitiser: a page's HTML to HTML that may be shown inside our own page. An allow-list of elements
// and attributes, written anew from the tree by our own serialiser; SVG, MathML, styles, scripts
// and forms never come through. What it gives is a fixed point: parsed and sanitised again it is
// the same text, so no second parser finds more in it than was judged. Pure, bounded, any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "web/extract/html/dom.h"

namespace seine::web {

struct SanitizeOptions {
  std::string base_url = {};  // of links and images; relative ones without it are dropped
  bool images = true;
  std::size_t output_bytes_max = std::size_t{8} << 20;
};

// A fragment for the inside of a block element. Cut at the limit between elements.
std::string sanitize_html(std::string_view html, const SanitizeOptions& options = {});
// The same of a tree that is already there, without the nodes that `skip` names: what a style hid
// would be seen here, where no style is left.
std::string sanitize_html(const html::Node* root, const SanitizeOptions& options = {},
                          const std::function<bool(const html::Node*)>& skip = nullptr);

}  // namespace seine::web
