// PageDocument: one page as the rest of the house sees it: clean Markdown with its blocks, what the
// page says of itself, and how it was come by. A plain value. Spans are bytes of `markdown`, which
// is also what the snapshot blob holds, so that a citation can point at either.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "store/blob_store.h"
#include "web/extract/markdown/writer.h"
#include "web/verdict.h"

namespace seine::web {

enum class PageSource : std::uint8_t { kNetwork, kCache, kIndex, kFile };
std::string_view page_source_name(PageSource source);  // "network"

// Why a browser ran the page's scripts, or did not.
enum class RenderReason : std::uint8_t {
  kNotAsked,   // render_js never
  kAsked,      // always
  kNoText,     // auto: the page as sent has no text of its own
  kHasText,    // auto: it has
  kNoBrowser,  // wanted, but none is installed or allowed
  kNoPage,     // nothing that a browser would show, or the network was not used
};
std::string_view render_reason_name(RenderReason reason);  // "has_text"

struct PageBlock {
  BlockKind kind = BlockKind::kParagraph;
  std::uint8_t level = 0;  // of a heading; depth of a list item
  std::size_t start = 0;   // bytes [start, end) of the Markdown
  std::size_t end = 0;
  // The headings above, outermost first; a heading's own text is not in its path.
  std::vector<std::string> heading_path = {};
  std::string anchor = {};  // of the file's address: "page=3", "slide=3", "sheet=Sales"
};
std::string_view block_kind_name(BlockKind kind);  // "list_item"

struct PageDocument {
  std::string url;        // as asked for
  std::string final_url;  // after redirects
  std::string title;
  std::string site;
  std::string author;
  std::string published;  // ISO 8601, as exact as the page says; empty when unknown
  std::string modified;
  std::string language;  // BCP 47; empty when unknown
  std::string description;
  std::string canonical_url;
  std::string content_type;  // "text/html"
  int status = 200;

  base::WallTime fetched_at{};  // when the source last confirmed it
  std::chrono::seconds age{0};  // at the time of reading
  PageSource from = PageSource::kNetwork;
  Verdict verdict = Verdict::kOk;  // kOk or kStale: everything else is an error
  bool rendered = false;           // by a browser
  RenderReason render_reason = RenderReason::kNoPage;
  bool paywalled = false;
  bool no_index = false;  // the page asks not to be kept in an index
  bool truncated = false;

  // The Markdown in the blob store; nothing where it could not be kept (a full disk).
  std::optional<store::BlobId> snapshot;
  // The bytes that came over the network.
  std::optional<store::BlobId> body;

  std::string markdown;
  std::vector<PageBlock> blocks;
  std::string html;             // of an HTML page: sanitised, only when asked for
  std::vector<PageLink> links;  // of the whole page or a feed's entries, only when asked for
  std::vector<FeedLink> feeds;  // that the page names as its own
};

// Markdown and block spans from an extracted page's blocks.
void set_blocks(PageDocument& document, const std::vector<Block>& blocks);
// The block that holds the byte; nullptr outside.
const PageBlock* block_at(const PageDocument& document, std::size_t byte);

// Everything but the Markdown itself unless `with_text`.
base::Json to_json(const PageDocument& document, bool with_text);
// The reverse; kDataLoss for what to_json has not written.
base::Result<PageDocument> page_from_json(const base::Json& json);

}  // namespace seine::web
