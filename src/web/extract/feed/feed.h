// Feeds: RSS 0.9x, 1.0, 2.0, Atom 1.0 (RFC 4287) and JSON Feed 1.1, as they are and not as they
// should be, to one form and from there to a page: a heading with a link for each entry, its date
// and author, its summary as Markdown. Summaries are read as pages are: what is hidden in them is
// not shown. Pure, bounded in entries and bytes, one thread a call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "web/extract/page.h"

namespace seine::web {

struct FeedEntry {
  std::string title = {};  // one line of plain text
  std::string link = {};   // as it stands
  std::string author = {};
  std::string published = {};  // ISO 8601
  std::string summary = {};    // HTML
  std::uint32_t offset = 0;    // byte in the feed's text
};

struct Feed {
  std::string title = {};
  std::string link = {};
  std::string description = {};  // plain
  std::string author = {};
  std::string language = {};
  std::string updated = {};  // ISO 8601
  std::vector<FeedEntry> entries = {};
  bool truncated = false;
};

// kBroken where there is no feed in it. `text` is UTF-8.
base::Result<Feed> parse_feed(std::string_view text);
Feed parse_json_feed(const base::Json& json);
bool is_json_feed(const base::Json& json);

// `url`: base of links; may be empty.
Page feed_page(const Feed& feed, std::string_view url);

}  // namespace seine::web
