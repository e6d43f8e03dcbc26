// extract_document: bytes of any format that is read (see docs/formats/documents.md) to a
// PageDocument without provenance. The format is told by the bytes and the Content-Type together
// (extract/media). Pure and bounded, but that a PDF or a picture waits for a child process with a
// deadline; one thread a call.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.h"
#include "web/extract/media/media_type.h"
#include "web/page_document.h"

namespace seine::web {

struct ExtractOptions {
  std::string url;           // final; base of links; may be empty
  std::string content_type;  // as the server gave it; empty: by the bytes and the name
  std::string name = {};     // of a file; empty: the URL is
  bool no_sniff = false;     // the server asks to believe its type
  int status = 200;
  bool main_content = true;
  bool images = true;
  std::string selector = {};  // of HTML: see PageOptions
  bool links = false;
  bool recognise = false;  // read the text in pictures and in a PDF of them: seconds each
  bool sanitize_html = false;
  bool rendered = false;  // a browser has run the scripts
  std::stop_token stop = {};
};

// Errors carry a Verdict: kUnsupported names the type, kEncrypted, kNoTextLayer, kChallenge, kEmpty
// and so on.
base::Result<PageDocument> extract_document(std::string_view bytes, const ExtractOptions& options);

// The links of an HTML page: absolute http addresses, no fragment, each once, in order.
std::vector<PageLink> page_links(std::string_view bytes, std::string_view header_charset,
                                 std::string_view url);

}  // namespace seine::web
