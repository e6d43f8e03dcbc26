#include "web/read/extract_document.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/charset/sniff.h"
#include "web/extract/feed/feed.h"
#include "web/extract/html/parser.h"
#include "web/extract/image/image_page.h"
#include "web/extract/media/media_type.h"
#include "web/extract/metadata/language.h"
#include "web/extract/office/office_page.h"
#include "web/extract/page.h"
#include "web/extract/pdf/pdf_page.h"
#include "web/extract/pdf/scanned_pdf.h"
#include "web/extract/text/text_page.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::size_t kLinksMax = 5'000;
constexpr std::size_t kLinkTextMax = 200;

std::string_view without_mark(std::string_view bytes) {
  return bytes.starts_with("\xef\xbb\xbf") ? bytes.substr(3) : bytes;
}

// What the rest of the house calls a page, of what an extractor made.
PageDocument to_document(Page page) {
  PageDocument document;
  Metadata& metadata = page.metadata;
  document.title = std::move(metadata.title);
  document.site = std::move(metadata.site_name);
  document.author = std::move(metadata.author);
  document.published = std::move(metadata.published);
  document.modified = std::move(metadata.modified);
  document.language = std::move(metadata.language);
  document.description = std::move(metadata.description);
  document.canonical_url = std::move(metadata.canonical_url);
  document.paywalled = metadata.paywalled;
  document.no_index = metadata.no_index;
  document.feeds = std::move(metadata.feeds);
  document.truncated = page.truncated;
  document.html = std::move(page.html);
  document.links = std::move(page.links);
  set_blocks(document, page.blocks);
  return document;
}

base::Result<Page> html_page(std::string_view bytes, const ExtractOptions& options) {
  PageOptions wanted;
  wanted.url = options.url;
  wanted.status = options.status;
  wanted.header_charset = charset_parameter(options.content_type).value_or("");
  wanted.main_content = options.main_content;
  wanted.selector = options.selector;
  wanted.rendered = options.rendered;
  wanted.images = options.images;
  wanted.sanitize = options.sanitize_html;
  auto page = read_page(bytes, wanted);
  if (!page && page.error().field == "selector") return page;
  if (!page) return fail_verdict(Verdict::kBadUrl, "{}", page.error().message);
  if (page->failure != PageFailure::kNone) {
    const Verdict verdict = verdict_of(page->failure);
    return fail_verdict(verdict, "it shows no content: {}", verdict_name(verdict));
  }
  if (!options.selector.empty() && page->blocks.empty())
    return fail_verdict(Verdict::kEmpty, "it has nothing that '{}' selects", options.selector);
  return page;
}

// Word processors of before 2007, and today's files with a password, are both of this kind.
base::Result<Page> fail_ole(std::string_view bytes) {
  // The name of the stream in UTF-16.
  constexpr std::string_view kEncrypted("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0", 32);
  if (bytes.contains(kEncrypted))
    return fail_verdict(Verdict::kEncrypted, "the document is encrypted: it asks for a password");
  return fail_verdict(Verdict::kUnsupported,
                      "files of the old Office form (.doc, .xls, .ppt) are not read; save it as "
                      ".docx, .xlsx or .pptx");
}

// One of pictures too, where that is asked for.
base::Result<Page> any_pdf_page(std::string_view bytes, const ExtractOptions& options) {
  auto page = pdf_page(bytes, options.stop);
  if (page || !options.recognise || verdict_of(page.error()) != Verdict::kNoTextLayer) return page;
  auto scanned = scanned_pdf_page(bytes, options.stop);
  if (!scanned && verdict_of(scanned.error()) == Verdict::kUnsupported) return page;
  return scanned;
}

base::Result<Page> read_as(const Media& media, std::string_view bytes,
                           const ExtractOptions& options) {
  const auto text = [&] {
    return decode_page(bytes, charset_parameter(options.content_type).value_or("")).text;
  };
  switch (media.format) {
    case Format::kHtml:
      return html_page(bytes, options);
    case Format::kText:
      return plain_text_page(text());
    case Format::kMarkdown:
      return markdown_page(text());
    case Format::kCsv:
      return csv_page(text());
    case Format::kXml:
      return xml_page(text());
    // JSON is UTF-8 whatever a header says (RFC 8259, section 8.1); old writers put a mark before.
    case Format::kJson:
      return json_page(without_mark(bytes), options.url);
    case Format::kJsonLines:
      return json_lines_page(without_mark(bytes));
    case Format::kFeed:
      return feed_page(SEINE_TRY(parse_feed(text())), options.url);
    case Format::kPdf:
      return any_pdf_page(bytes, options);
    case Format::kDocx:
      return docx_page(bytes);
    case Format::kXlsx:
      return xlsx_page(bytes);
    case Format::kPptx:
      return pptx_page(bytes);
    case Format::kImage:
      if (options.recognise) return image_page(bytes, options.stop);
      break;
    case Format::kOther:
      break;
  }
  if (media.type == "application/x-ole-storage") return fail_ole(bytes);
  return fail_verdict(Verdict::kUnsupported, "it is of a type that is not read: {}", media.type);
}

}  // namespace

base::Result<PageDocument> extract_document(std::string_view bytes, const ExtractOptions& options) {
  const std::string_view name = options.name.empty() ? options.url : options.name;
  const Media media = identify_media(
      bytes, {.content_type = options.content_type, .no_sniff = options.no_sniff, .name = name});
  auto read = read_as(media, bytes, options);
  if (!read) return std::unexpected(std::move(read).error().within(name.empty() ? "input" : name));
  const bool html = media.format == Format::kHtml;
  PageDocument page = to_document(*std::move(read));
  page.content_type = html ? "text/html" : media.type;
  page.status = options.status;
  page.final_url = options.url;
  if (!options.links) {
    page.links.clear();
  } else if (html) {
    page.links =
        page_links(bytes, charset_parameter(options.content_type).value_or(""), options.url);
  }
  if (page.language.empty()) {
    ScriptCounts counts;
    counts.add(std::string_view(page.markdown).substr(0, base::utf8_prefix(page.markdown, 20'000)));
    page.language = counts.language();
  }
  if (base::trim(page.markdown).empty() && page.title.empty())
    return fail_verdict(Verdict::kEmpty, "{} has no text", name.empty() ? "the input" : name);
  return page;
}

std::vector<PageLink> page_links(std::string_view bytes, std::string_view header_charset,
                                 std::string_view url) {
  std::vector<PageLink> links;
  auto base_url = Url::parse(url);
  if (!base_url) return links;
  const auto document = html::parse(decode_page(bytes, header_charset).text);
  std::set<std::string> seen;
  bool based = false;
  for (const html::Node* node = document->root; node != nullptr && links.size() < kLinksMax;
       node = html::next_in_tree(node, document->root)) {
    if (node->is_html(html::Tag::kBase) && !based && node->has("href")) {
      based = true;
      if (auto given = Url::parse(node->get("href"), &*base_url)) base_url = *std::move(given);
      continue;
    }
    if (!node->is_html(html::Tag::kA) || !node->has("href")) continue;
    if (base::ascii_lower(node->get("rel")).contains("nofollow")) continue;
    auto target = Url::parse(base::trim(node->get("href")), &*base_url);
    if (!target || !target->is_http() || target->has_credentials()) continue;
    target->clear_fragment();
    std::string address = target->href();
    if (address.size() > 2'048 || !seen.insert(address).second) continue;
    links.push_back({std::move(address), tidy_line(html::text_content(node), kLinkTextMax)});
  }
  return links;
}

}  // namespace seine::web
