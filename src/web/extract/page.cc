#include "web/extract/page.h"

#include <optional>

#include "base/text.h"
#include "web/extract/content/main_content.h"
#include "web/extract/html/parser.h"
#include "web/extract/sanitize/sanitizer.h"
#include "web/extract/style/visibility.h"
#include "web/extract/verdict.h"

namespace seine::web {
namespace {

using html::Node;
using html::Tag;

// The base of relative references: <base href> against the page's own URL.
std::optional<Url> base_url(const html::Document& document, const std::optional<Url>& page) {
  const Node* head = document.head();
  for (const Node* node = head; node != nullptr; node = html::next_in_tree(node, head)) {
    if (!node->is_html(Tag::kBase) || !node->has("href")) continue;
    const auto url = Url::parse(node->get("href"), page ? &*page : nullptr);
    if (url && url->is_http()) return *url;
    break;
  }
  return page;
}

}  // namespace

base::Result<Page> read_page(std::string_view bytes, const PageOptions& options) {
  std::optional<Url> url;
  if (!options.url.empty()) url = SEINE_TRY(Url::parse(options.url));
  Page page;
  DecodedPage decoded = decode_page(bytes, options.header_charset);
  page.charset = decoded.charset;
  const std::unique_ptr<html::Document> document = html::parse(std::move(decoded.text));
  page.truncated = document->truncated;
  const Visibility visibility(*document);
  page.metadata = read_metadata(*document, visibility, url ? &*url : nullptr);

  const std::optional<Url> base = base_url(*document, url);
  WriterOptions writer;
  writer.base = base ? &*base : nullptr;
  writer.links = options.links;
  writer.images = options.images;
  const Node* root = document->body();
  MainContent main;
  if (options.main_content) {
    main = find_main_content(*document, visibility, page.metadata.title,
                             {.keep_comments = options.comments});
    root = main.root;
    writer.skip = [&](const Node* node) {
      return visibility.hidden(node) || main.dropped[node->id] != 0;
    };
    page.text_length = main.text_length;
  } else {
    writer.skip = [&](const Node* node) { return visibility.hidden(node); };
  }
  if (root != nullptr) page.blocks = write_blocks(root, writer);
  page.failure = judge_page(*document, visibility, page, main, options);
  if (page.failure != PageFailure::kNone) page.blocks.clear();
  if (options.sanitize && page.failure == PageFailure::kNone && root != nullptr) {
    page.html = sanitize_html(root, {.base_url = base ? base->href() : std::string()}, writer.skip);
  }
  page.snapshot = std::move(document->source);
  return page;
}

}  // namespace seine::web
