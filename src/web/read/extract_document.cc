#include "web/read/extract_document.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/charset/sniff.h"
#include "web/extract/html/parser.h"
#include "web/extract/page.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::size_t kLinksMax = 5'000;
constexpr std::size_t kLinkTextMax = 200;

enum class Shape : std::uint8_t { kHtml, kMarkdown, kText, kJson, kOther };

// The first bytes, for servers that give no type: a browser's rules in short.
Shape sniff(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 1024);
  if (start.find('\0') != std::string_view::npos || start.starts_with("%PDF")) return Shape::kOther;
  const std::string_view text = base::trim(start);
  if (text.starts_with('<')) return Shape::kHtml;
  return Shape::kText;
}

Shape shape_of(std::string_view bytes, std::string_view type) {
  if (type == "text/html" || type == "application/xhtml+xml") return Shape::kHtml;
  if (type == "text/markdown" || type == "text/x-markdown") return Shape::kMarkdown;
  if (type == "application/json" || type.ends_with("+json")) return Shape::kJson;
  if (type.empty() || type == "application/octet-stream" || type == "unknown/unknown")
    return sniff(bytes);
  if (type == "text/plain") return sniff(bytes) == Shape::kOther ? Shape::kOther : Shape::kText;
  if (type.starts_with("text/") && type != "text/css" && type != "text/javascript")
    return Shape::kText;
  return Shape::kOther;
}

void place_title(PageDocument& page) {
  for (const PageBlock& block : page.blocks) {
    if (block.kind != BlockKind::kHeading) continue;
    std::string_view text(page.markdown);
    text = text.substr(block.start, block.end - block.start);
    text.remove_prefix(std::min(text.find_first_not_of("# "), text.size()));
    page.title = text.substr(0, kLinkTextMax);
    return;
  }
}

// Paragraphs of a text, and in Markdown the headings and fences.
std::vector<Block> text_blocks(std::string_view text, bool markdown) {
  std::vector<Block> blocks;
  std::size_t at = 0;
  bool fenced = false;
  std::string open;
  std::uint32_t open_at = 0;
  const auto close = [&](BlockKind kind, std::uint8_t level) {
    if (!base::trim(open).empty()) {
      Block block{.kind = kind, .level = level, .offset = open_at, .markdown = open, .text = open};
      if (kind == BlockKind::kHeading)
        block.text =
            base::trim(std::string_view(open).substr(std::min<std::size_t>(level, open.size())));
      blocks.push_back(std::move(block));
    }
    open.clear();
  };
  while (at < text.size() && blocks.size() < 20'000) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool fence = markdown && base::trim(line).starts_with("```");
    const std::size_t hashes = line.find_first_not_of('#');
    const bool heading = markdown && !fenced && hashes >= 1 && hashes <= 6 &&
                         hashes != std::string_view::npos && line[hashes] == ' ';
    if (!fenced && (base::trim(line).empty() || heading || fence)) close(BlockKind::kParagraph, 0);
    if (heading) {
      open = line;
      open_at = static_cast<std::uint32_t>(at);
      close(BlockKind::kHeading, static_cast<std::uint8_t>(hashes));
    } else if (fenced || fence || !base::trim(line).empty()) {
      if (open.empty()) {
        open_at = static_cast<std::uint32_t>(at);
        open = line;
      } else {
        open += '\n';
        open += line;
      }
      if (fence && fenced) close(BlockKind::kCode, 0);
      if (fence) fenced = !fenced;
    }
    at = end + 1;
  }
  close(fenced ? BlockKind::kCode : BlockKind::kParagraph, 0);
  return blocks;
}

base::Result<PageDocument> from_html(std::string_view bytes, const ExtractOptions& options) {
  PageOptions wanted;
  wanted.url = options.url;
  wanted.status = options.status;
  wanted.header_charset = charset_parameter(options.content_type).value_or("");
  wanted.main_content = options.main_content;
  wanted.selector = options.selector;
  wanted.rendered = options.rendered;
  auto read = read_page(bytes, wanted);
  if (!read && read.error().field == "selector") return std::unexpected(std::move(read).error());
  if (!read) return fail_verdict(Verdict::kBadUrl, "{}", read.error().message);
  if (read->failure != PageFailure::kNone) {
    const Verdict verdict = verdict_of(read->failure);
    return fail_verdict(verdict, "{} shows no content: {}", options.url, verdict_name(verdict));
  }
  PageDocument page;
  Metadata& metadata = read->metadata;
  page.title = std::move(metadata.title);
  page.site = std::move(metadata.site_name);
  page.author = std::move(metadata.author);
  page.published = std::move(metadata.published);
  page.modified = std::move(metadata.modified);
  page.language = std::move(metadata.language);
  page.description = std::move(metadata.description);
  page.canonical_url = std::move(metadata.canonical_url);
  page.paywalled = metadata.paywalled;
  page.no_index = metadata.no_index;
  page.truncated = read->truncated;
  if (!options.selector.empty() && read->blocks.empty())
    return fail_verdict(Verdict::kEmpty, "{} has nothing that '{}' selects", options.url,
                        options.selector);
  set_blocks(page, read->blocks);
  if (options.links) page.links = page_links(bytes, wanted.header_charset, options.url);
  return page;
}

}  // namespace

std::string media_type(std::string_view content_type) {
  return base::ascii_lower(base::trim(content_type.substr(0, content_type.find(';'))));
}

base::Result<PageDocument> extract_document(std::string_view bytes, const ExtractOptions& options) {
  const std::string type = media_type(options.content_type);
  const Shape shape = shape_of(bytes, type);
  PageDocument page;
  switch (shape) {
    case Shape::kHtml:
      page = SEINE_TRY(from_html(bytes, options));
      break;
    case Shape::kMarkdown:
    case Shape::kText: {
      const DecodedPage text =
          decode_page(bytes, charset_parameter(options.content_type).value_or(""));
      const bool markdown = shape == Shape::kMarkdown || options.url.ends_with(".md");
      set_blocks(page, text_blocks(text.text, markdown));
      if (markdown) place_title(page);
      break;
    }
    case Shape::kJson: {
      auto json = base::parse_json(bytes);
      if (!json) return fail_verdict(Verdict::kBroken, "{} is no JSON", options.url);
      Block block;
      block.kind = BlockKind::kCode;
      block.text = base::to_pretty_text(*json);
      block.markdown = "```json\n" + block.text + "\n```";
      set_blocks(page, {std::move(block)});
      break;
    }
    case Shape::kOther:
      return fail_verdict(Verdict::kUnsupported, "{} is of a type that is not read: {}",
                          options.url, type.empty() ? "unknown" : type);
  }
  page.content_type = shape == Shape::kHtml ? "text/html" : (type.empty() ? "text/plain" : type);
  page.status = options.status;
  page.final_url = options.url;
  if (base::trim(page.markdown).empty() && page.title.empty())
    return fail_verdict(Verdict::kEmpty, "{} has no text", options.url);
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
