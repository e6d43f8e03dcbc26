// Seine's documentation at /docs: Markdown that lies in the binary, shown as plain HTML without a
// script, in English (/docs/…) and Chinese (/docs/zh/…). Public: it holds nothing of this node.
// Stateless; on the connection's context.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "docs/pages.h"
#include "net/router.h"

namespace seine::gateway {

// "/docs/guides/models", "/docs/zh/guides/models".
std::string docs_address(const docs::Page& page);
// The page at such a path; nothing where there is none.
const docs::Page* find_docs(std::string_view path);
// The whole page, links between pages made to work.
std::string docs_html(const docs::Page& page);

// A page of text in the look of the documentation.
struct TextPage {
  std::string_view title;
  bool chinese = false;
  std::string_view site;        // what stands at the top, linked to `home`
  std::string_view home;        // "/docs"
  std::string_view style;       // address of the style sheet
  std::string_view head = {};   // HTML within <head>
  std::string_view links = {};  // HTML beside the site's name
  std::string_view body;        // HTML
};
std::string text_page_html(const TextPage& page);

void add_docs(net::Router& router);

}  // namespace seine::gateway
