#include "web/page_document.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace seine::web {

std::string_view page_source_name(PageSource source) {
  switch (source) {
    case PageSource::kNetwork:
      return "network";
    case PageSource::kCache:
      return "cache";
    case PageSource::kIndex:
      return "index";
    case PageSource::kFile:
      return "file";
  }
  return "network";
}

std::string_view block_kind_name(BlockKind kind) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "paragraph", "heading", "list_item", "quote", "code", "table", "formula", "rule", "caption"};
  const auto index = static_cast<std::size_t>(kind);
  return index < kNames.size() ? kNames[index] : "paragraph";
}

void set_blocks(PageDocument& document, const std::vector<Block>& blocks) {
  document.blocks.clear();
  document.blocks.reserve(blocks.size());
  JoinedBlocks joined = join_blocks(blocks);
  document.markdown = std::move(joined.markdown);
  struct Heading {
    std::uint8_t level;
    std::string text;
  };
  std::vector<Heading> open;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    const std::size_t at = joined.starts[i];
    if (block.kind == BlockKind::kHeading) {
      while (!open.empty() && open.back().level >= block.level) open.pop_back();
    }
    PageBlock placed{.kind = block.kind,
                     .level = block.level,
                     .start = at,
                     .end = at + block.markdown.size(),
                     .anchor = block.anchor};
    for (const Heading& heading : open) placed.heading_path.push_back(heading.text);
    document.blocks.push_back(std::move(placed));
    if (block.kind == BlockKind::kHeading) open.push_back({block.level, block.text});
  }
}

const PageBlock* block_at(const PageDocument& document, std::size_t byte) {
  const auto after = std::ranges::upper_bound(document.blocks, byte, {}, &PageBlock::start);
  if (after == document.blocks.begin()) return nullptr;
  const PageBlock& block = *std::prev(after);
  return byte < block.end ? &block : nullptr;
}

base::Json to_json(const PageDocument& document, bool with_text) {
  base::Json json = {
      {"url", document.url},
      {"final_url", document.final_url},
      {"title", document.title},
      {"site", document.site},
      {"author", document.author},
      {"published", document.published},
      {"modified", document.modified},
      {"language", document.language},
      {"description", document.description},
      {"canonical_url", document.canonical_url},
      {"content_type", document.content_type},
      {"status", document.status},
      {"fetched_at", base::format_rfc3339(document.fetched_at)},
      {"age_s", document.age.count()},
      {"from", page_source_name(document.from)},
      {"verdict", verdict_name(document.verdict)},
      {"rendered", document.rendered},
      {"paywalled", document.paywalled},
      {"no_index", document.no_index},
      {"truncated", document.truncated},
      {"snapshot", document.snapshot ? base::Json(document.snapshot->hex()) : base::Json()},
      {"body", document.body ? base::Json(document.body->hex()) : base::Json()},
  };
  if (!document.feeds.empty()) {
    base::Json feeds = base::Json::array();
    for (const FeedLink& feed : document.feeds)
      feeds.push_back({{"url", feed.url}, {"title", feed.title}, {"type", feed.type}});
    json["feeds"] = std::move(feeds);
  }
  if (!with_text) return json;
  json["markdown"] = document.markdown;
  base::Json blocks = base::Json::array();
  for (const PageBlock& block : document.blocks) {
    base::Json one = {{"kind", block_kind_name(block.kind)},
                      {"level", block.level},
                      {"start", block.start},
                      {"end", block.end},
                      {"heading_path", block.heading_path}};
    if (!block.anchor.empty()) one["anchor"] = block.anchor;
    blocks.push_back(std::move(one));
  }
  json["blocks"] = std::move(blocks);
  if (!document.html.empty()) json["html"] = document.html;
  return json;
}

namespace {

base::Result<PageBlock> block_from_json(const base::Json& json, std::size_t bytes) {
  static constexpr int kKinds = 9;
  PageBlock block;
  const auto kind = SEINE_TRY(base::require<std::string>(json, "kind"));
  for (int i = 0; i < kKinds; ++i) {
    if (block_kind_name(static_cast<BlockKind>(i)) == kind) block.kind = static_cast<BlockKind>(i);
  }
  block.level = static_cast<std::uint8_t>(SEINE_TRY(base::get_or<std::int64_t>(json, "level", 0)));
  block.start = SEINE_TRY(base::require<std::uint64_t>(json, "start"));
  block.end = SEINE_TRY(base::require<std::uint64_t>(json, "end"));
  if (block.start > block.end || block.end > bytes)
    return base::fail(base::Code::kDataLoss, "a kept page's block lies outside its text");
  block.anchor = SEINE_TRY(base::get_or<std::string>(json, "anchor", ""));
  const base::Json* path = base::find(json, "heading_path");
  if (path != nullptr && path->is_array()) {
    for (const base::Json& heading : *path) {
      if (heading.is_string()) block.heading_path.push_back(heading.get<std::string>());
    }
  }
  return block;
}

}  // namespace

base::Result<PageDocument> page_from_json(const base::Json& json) {
  PageDocument page;
  const auto text = [&json](std::string_view key, std::string& into) -> base::Result<void> {
    into = SEINE_TRY(base::get_or<std::string>(json, key, ""));
    return {};
  };
  SEINE_CHECK(text("url", page.url));
  SEINE_CHECK(text("final_url", page.final_url));
  SEINE_CHECK(text("title", page.title));
  SEINE_CHECK(text("site", page.site));
  SEINE_CHECK(text("author", page.author));
  SEINE_CHECK(text("published", page.published));
  SEINE_CHECK(text("modified", page.modified));
  SEINE_CHECK(text("language", page.language));
  SEINE_CHECK(text("description", page.description));
  SEINE_CHECK(text("canonical_url", page.canonical_url));
  SEINE_CHECK(text("content_type", page.content_type));
  SEINE_CHECK(text("markdown", page.markdown));
  page.status = static_cast<int>(SEINE_TRY(base::get_or<std::int64_t>(json, "status", 200)));
  page.rendered = SEINE_TRY(base::get_or<bool>(json, "rendered", false));
  page.paywalled = SEINE_TRY(base::get_or<bool>(json, "paywalled", false));
  page.no_index = SEINE_TRY(base::get_or<bool>(json, "no_index", false));
  page.truncated = SEINE_TRY(base::get_or<bool>(json, "truncated", false));
  std::string snapshot;
  SEINE_CHECK(text("snapshot", snapshot));
  page.snapshot = store::BlobId::parse(snapshot);
  const base::Json* blocks = base::find(json, "blocks");
  if (blocks != nullptr && blocks->is_array()) {
    for (const base::Json& block : *blocks)
      page.blocks.push_back(SEINE_TRY(block_from_json(block, page.markdown.size())));
  }
  return page;
}

}  // namespace seine::web
