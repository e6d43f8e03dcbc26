// Which format a body is in: by its Content-Type, its bytes and its name, in the way of the MIME
// Sniffing standard (mimesniff.spec.whatwg.org, sections 5-7) where it matters. A type is believed
// as far as the bytes agree with it: what says PDF and begins with "<html" is a page of HTML. With
// `nosniff` the type stands as it is. Pure, looks at a bounded start of the bytes only (of
// archives: at the directory).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seine::web {

enum class Format : std::uint8_t {
  kHtml,
  kText,
  kMarkdown,
  kJson,
  kJsonLines,
  kCsv,
  kFeed,  // RSS, Atom; a JSON feed is kJson until it is parsed
  kXml,   // any other
  kPdf,
  kDocx,
  kXlsx,
  kPptx,
  kImage,
  kOther,
};

struct MediaHints {
  std::string_view content_type = {};  // as the server gave it; may be empty
  bool no_sniff = false;               // X-Content-Type-Options: nosniff
  std::string_view name = {};          // a file's name or a URL, for its extension
};

struct Media {
  Format format = Format::kOther;
  std::string type;  // "application/pdf"; what the bytes are where they are known, else as given
};

Media identify_media(std::string_view bytes, const MediaHints& hints);

// "text/html" of "Text/HTML; charset=x".
std::string media_type(std::string_view content_type);

}  // namespace seine::web
