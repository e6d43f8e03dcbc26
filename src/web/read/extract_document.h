// extract_document: bytes with a Content-Type to a PageDocument without provenance: HTML by the six
// steps of extract/page.h, plain text and Markdown as they stand. Pure, bounded, one thread a call.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "web/page_document.h"

namespace seine::web {

struct ExtractOptions {
  std::string url;           // final; base of links; may be empty
  std::string content_type;  // as the server gave it; empty: by the bytes
  int status = 200;
  bool main_content = true;
  std::string selector = {};  // of HTML: see PageOptions
  bool links = false;
  bool sanitize_html = false;
  bool rendered = false;  // a browser has run the scripts
};

// Errors carry a Verdict: kUnsupported, kChallenge, kEmpty and so on.
base::Result<PageDocument> extract_document(std::string_view bytes, const ExtractOptions& options);

// "text/html" of "Text/HTML; charset=x".
std::string media_type(std::string_view content_type);

// The links of an HTML page: absolute http addresses, no fragment, each once, in order.
std::vector<PageLink> page_links(std::string_view bytes, std::string_view header_charset,
                                 std::string_view url);

}  // namespace seine::web
