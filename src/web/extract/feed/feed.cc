#include "web/extract/feed/feed.h"

#include <algorithm>
#include <optional>

#include "base/html.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/html/parser.h"
#include "web/extract/markdown/block_sink.h"
#include "web/extract/metadata/date.h"
#include "web/extract/office/xml_reader.h"
#include "web/extract/style/visibility.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::size_t kEntriesMax = 500;
constexpr std::size_t kSummaryBytesMax = 65'536;
constexpr std::size_t kSummaryBlocksMax = 40;
constexpr std::size_t kTitleMax = 300;
constexpr std::size_t kLinkMax = 2'048;

// Titles come as text, as escaped HTML and as both.
std::string one_line(std::string_view text, std::size_t limit = kTitleMax) {
  if (text.find_first_of("<&") == std::string_view::npos) return tidy_line(text, limit);
  text = text.substr(0, base::utf8_prefix(text, kSummaryBytesMax));
  const auto document = html::parse_fragment(std::string(text), "div");
  return tidy_line(html::text_content(document->root), limit);
}

std::string iso_date(std::string_view text) {
  const auto date = find_date(text.substr(0, 200));
  return date ? date->iso : "";
}

class FeedReader {
 public:
  explicit FeedReader(std::string_view text) : xml_(text) {}

  base::Result<Feed> read() {
    using Event = XmlReader::Event;
    bool found = false;
    for (Event event = xml_.next(); event != Event::kDone; event = xml_.next()) {
      if (event != Event::kStart) continue;
      const std::string_view local = xml_.local();
      if (!found) {
        if (local != "rss" && local != "feed" && local != "RDF" && local != "channel") break;
        found = true;
        own_prefix_ = local == "RDF" ? "" : std::string(xml_.prefix());
        if (auto language = xml_.attribute_named("xml:lang"))
          feed_.language = tidy_line(*language, 35);
        continue;
      }
      if (local == "item" || local == "entry") {
        entry();
      } else if (local != "channel") {
        feed_member();
      }
    }
    if (!found) return fail_verdict(Verdict::kBroken, "it is no RSS or Atom feed");
    return std::move(feed_);
  }

 private:
  bool own() const { return xml_.prefix() == own_prefix_ || xml_.prefix() == "atom"; }

  std::string line(std::size_t limit = kTitleMax) {
    return one_line(xml_.inner_text(kSummaryBytesMax), limit);
  }

  // Of the feed itself; consumes the element.
  void feed_member() {
    const std::string_view local = xml_.local();
    const bool dublin = xml_.prefix() == "dc";
    if (!own() && !dublin) return xml_.skip();
    if (local == "title" && feed_.title.empty()) {
      feed_.title = line();
    } else if ((local == "description" || local == "subtitle") && feed_.description.empty()) {
      feed_.description = line(1'000);
    } else if (local == "language" && feed_.language.empty()) {
      feed_.language = line(35);
    } else if (local == "author" && feed_.author.empty()) {
      feed_.author = person();
    } else if (local == "link" && feed_.link.empty()) {
      feed_.link = link();
    } else if ((local == "updated" || local == "lastBuildDate" || local == "pubDate") &&
               feed_.updated.empty()) {
      feed_.updated = iso_date(line());
    } else {
      xml_.skip();
    }
  }

  // "Name" of <author>Name</author>, <author><name>Name</name>…</author>, "mail (Name)".
  std::string person() {
    const std::size_t depth = xml_.depth();
    std::string name;
    std::string text;
    while (xml_.depth() >= depth) {
      const XmlReader::Event event = xml_.next();
      if (event == XmlReader::Event::kDone) break;
      if (event == XmlReader::Event::kText && text.size() < kTitleMax) text += xml_.text();
      if (event != XmlReader::Event::kStart) continue;
      if (xml_.local() == "name") {
        name = line(120);
      } else {
        xml_.skip();
      }
    }
    if (name.empty()) name = one_line(text, 120);
    const std::size_t open = name.find(" (");
    if (open != std::string::npos && name.substr(0, open).contains('@') && name.ends_with(')'))
      name = name.substr(open + 2, name.size() - open - 3);
    return name;
  }

  // RSS has the address as text, Atom in an attribute; only the entry's own page counts.
  std::string link() {
    const auto href = xml_.attribute("href");
    const std::string relation = xml_.attribute("rel").value_or("alternate");
    std::string text(base::trim(xml_.inner_text(kLinkMax)));
    if (href) return relation == "alternate" ? std::string(base::trim(*href)) : std::string();
    return text;
  }

  // The HTML of a summary or of content, by RFC 4287 section 3.1.1 or as RSS has it.
  std::string html() {
    const std::string type = xml_.attribute("type").value_or("");
    if (type == "xhtml" || type == "application/xhtml+xml") {
      const std::string_view markup = xml_.inner_markup();
      return std::string(markup.substr(0, base::utf8_prefix(markup, kSummaryBytesMax)));
    }
    return xml_.inner_text(kSummaryBytesMax);
  }

  void entry() {
    FeedEntry entry{.offset = static_cast<std::uint32_t>(xml_.offset())};
    const std::size_t depth = xml_.depth();
    std::string content;
    std::string id;
    // RSS 1.0 names the page on the item itself.
    if (const auto about = xml_.attribute_named("rdf:about")) id = *about;
    while (xml_.depth() >= depth) {
      const XmlReader::Event event = xml_.next();
      if (event == XmlReader::Event::kDone) break;
      if (event != XmlReader::Event::kStart) continue;
      const std::string name(xml_.name());
      const std::string local(xml_.local());
      if (name == "content:encoded" || (local == "content" && own())) {
        std::string text = html();
        if (content.empty()) content = std::move(text);
      } else if (local == "date" && xml_.prefix() == "dc") {
        if (std::string date = iso_date(line()); entry.published.empty())
          entry.published = std::move(date);
      } else if (local == "creator" && xml_.prefix() == "dc") {
        if (std::string creator = line(120); entry.author.empty())
          entry.author = std::move(creator);
      } else if (!own()) {
        xml_.skip();
      } else if (local == "title" && entry.title.empty()) {
        entry.title = line();
      } else if (local == "link" && entry.link.empty()) {
        entry.link = link();
      } else if (local == "guid" || local == "id") {
        const bool permanent = xml_.attribute("isPermaLink").value_or("true") == "true";
        std::string text(base::trim(xml_.inner_text(kLinkMax)));
        if (permanent && id.empty()) id = std::move(text);
      } else if (local == "pubDate" || local == "published") {
        entry.published = iso_date(line());
      } else if (local == "updated" || local == "modified" || local == "issued") {
        if (std::string date = iso_date(line()); entry.published.empty())
          entry.published = std::move(date);
      } else if (local == "author" && entry.author.empty()) {
        entry.author = person();
      } else if ((local == "description" || local == "summary") && entry.summary.empty()) {
        entry.summary = html();
      } else {
        xml_.skip();
      }
    }
    if (base::trim(entry.summary).empty()) entry.summary = std::move(content);
    if (entry.link.empty() && (id.starts_with("http://") || id.starts_with("https://")))
      entry.link = std::move(id);
    if (feed_.entries.size() >= kEntriesMax) {
      feed_.truncated = true;
    } else if (!entry.title.empty() || !entry.summary.empty()) {
      feed_.entries.push_back(std::move(entry));
    }
  }

  XmlReader xml_;
  Feed feed_;
  std::string own_prefix_;
};

// The summary's blocks, their headings below the entry's.
void write_summary(const FeedEntry& entry, const Url* base, BlockSink& sink) {
  const auto document = html::parse_fragment(entry.summary, "div");
  const Visibility visibility(*document);
  WriterOptions options{.base = base, .blocks_max = kSummaryBlocksMax};
  options.skip = [&visibility](const html::Node* node) { return visibility.hidden(node); };
  for (Block& block : write_blocks(document->root, options)) {
    if (block.kind == BlockKind::kHeading) {
      const std::size_t text = std::min(block.markdown.find(' '), block.markdown.size());
      block.level = static_cast<std::uint8_t>(std::min(block.level + 2, 6));
      block.markdown = std::string(block.level, '#') + block.markdown.substr(text);
    }
    block.offset = entry.offset;
    sink.add(std::move(block));
  }
}

std::string json_text(const base::Json& object, std::string_view key) {
  const auto value = base::get<std::string>(object, key);
  return value && *value ? **value : std::string();
}

std::string json_author(const base::Json& object) {
  const base::Json* authors = base::find(object, "authors");
  if (authors != nullptr && authors->is_array() && !authors->empty() &&
      authors->front().is_object())
    return one_line(json_text(authors->front(), "name"), 120);
  const base::Json* author = base::find(object, "author");
  return author != nullptr && author->is_object() ? one_line(json_text(*author, "name"), 120) : "";
}

}  // namespace

base::Result<Feed> parse_feed(std::string_view text) {
  return FeedReader(text).read();
}

bool is_json_feed(const base::Json& json) {
  return json.is_object() && json_text(json, "version").contains("jsonfeed.org/version/");
}

Feed parse_json_feed(const base::Json& json) {
  Feed feed{.title = one_line(json_text(json, "title")),
            .link = json_text(json, "home_page_url"),
            .description = tidy_line(json_text(json, "description"), 1'000),
            .author = json_author(json),
            .language = tidy_line(json_text(json, "language"), 35)};
  const base::Json* items = base::find(json, "items");
  if (items == nullptr || !items->is_array()) return feed;
  for (const base::Json& item : *items) {
    if (!item.is_object()) continue;
    if (feed.entries.size() >= kEntriesMax) {
      feed.truncated = true;
      break;
    }
    FeedEntry entry{.title = one_line(json_text(item, "title")),
                    .link = json_text(item, "url"),
                    .author = json_author(item),
                    .published = iso_date(json_text(item, "date_published"))};
    entry.summary = base::to_html(json_text(item, "summary"), base::HtmlPlace::kText);
    if (entry.summary.empty()) entry.summary = json_text(item, "content_html");
    if (entry.summary.empty())
      entry.summary = base::to_html(json_text(item, "content_text"), base::HtmlPlace::kText);
    if (entry.summary.size() > kSummaryBytesMax)
      entry.summary.resize(base::utf8_prefix(entry.summary, kSummaryBytesMax));
    feed.entries.push_back(std::move(entry));
  }
  return feed;
}

Page feed_page(const Feed& feed, std::string_view url) {
  const auto own = Url::parse(url);
  const Url* base = own ? &*own : nullptr;
  const auto absolute = [base](std::string_view reference) -> std::string {
    if (reference.empty() || reference.size() > kLinkMax) return {};
    const auto parsed = Url::parse(reference, base);
    return parsed && parsed->is_http() ? parsed->href() : "";
  };
  BlockSink sink;
  std::vector<PageLink> links;
  InlineText line = plain_inline(feed.description);
  sink.paragraph(line);
  for (const FeedEntry& entry : feed.entries) {
    const std::string link = absolute(entry.link);
    line.open_link();
    line.text(entry.title.empty() ? link : entry.title, entry.offset);
    line.close_link(link);
    sink.heading(2, line);
    if (!link.empty()) links.push_back({link, entry.title});
    std::string about = entry.published;
    if (!entry.author.empty()) about += (about.empty() ? "" : " · ") + entry.author;
    line.text(about, entry.offset);
    sink.paragraph(line);
    const auto target = Url::parse(link);
    write_summary(entry, target ? &*target : base, sink);
  }
  Page page;
  page.metadata.title = feed.title;
  page.metadata.description = feed.description;
  page.metadata.author = feed.author;
  page.metadata.language = feed.language;
  page.metadata.modified = feed.updated;
  page.truncated = feed.truncated || sink.full();
  page.blocks = sink.take();
  page.links = std::move(links);
  return page;
}

}  // namespace seine::web
