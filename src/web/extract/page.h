// Bytes to a page in six steps: charset, HTML tree, visibility, metadata, main content, Markdown.
// The entry to extract/. Pure; costs bounded time and memory on any input; one thread per call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "web/extract/charset/sniff.h"
#include "web/extract/markdown/writer.h"
#include "web/extract/metadata/metadata.h"

namespace seine::web {

// Why a page has no content, although a server answered. Never shown as content.
enum class PageFailure : std::uint8_t {
  kNone,
  kChallenge,    // anti-bot page
  kConsentWall,  // nothing but a cookie or privacy dialogue
  kLoginWall,
  kSoft404,     // an error page with a status that says success
  kEmptyShell,  // text comes from a script: worth rendering
};
std::string_view page_failure_name(PageFailure failure);

struct PageLink {
  std::string url;
  std::string text;
};

struct PageOptions {
  std::string url = {};             // base of links; may be empty
  std::string header_charset = {};  // of Content-Type
  int status = 200;
  bool main_content = true;   // false: everything visible
  std::string selector = {};  // CSS: what matching elements hold, instead of the main content
  bool comments = false;
  bool rendered = false;  // a browser has run the scripts: what is missing now does not come
  bool links = true;
  bool images = true;
  bool sanitize = false;  // also give HTML that is safe to show
};

struct Page {
  Metadata metadata;
  std::vector<Block> blocks;
  PageFailure failure = PageFailure::kNone;
  CharsetChoice charset;
  std::string snapshot;              // the decoded text that block offsets point into
  std::string html;                  // the same content sanitised, only when asked for
  std::vector<PageLink> links = {};  // of a feed: its entries
  std::uint32_t text_length = 0;     // as measure_text counts
  bool truncated = false;

  std::string markdown() const { return join_markdown(blocks); }
  std::string text() const { return join_text(blocks); }
};

// Never fails on HTML; an unusable URL or selector in the options is INVALID_ARGUMENT.
base::Result<Page> read_page(std::string_view bytes, const PageOptions& options);

}  // namespace seine::web
