#include "web/extract/metadata/metadata.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "web/extract/content/text_measure.h"
#include "web/extract/metadata/date.h"
#include "web/extract/metadata/language.h"

namespace seine::web {
namespace {

using html::Node;
using html::Tag;

constexpr auto kPublishedKeys =
    std::to_array<std::string_view>({"article:published_time",
                                     "og:published_time",
                                     "datepublished",
                                     "publishdate",
                                     "publish_date",
                                     "publish-date",
                                     "pubdate",
                                     "publication_date",
                                     "og:article:published_time",
                                     "article.published",
                                     "parsely-pub-date",
                                     "sailthru.date",
                                     "dc.date.issued",
                                     "dcterms.created",
                                     "dcterms.date",
                                     "dc.date",
                                     "dc.date.created",
                                     "citation_publication_date",
                                     "citation_date",
                                     "date",
                                     "publishtime",
                                     "apub:time",
                                     "og:time",
                                     "weibo:article:create_at",
                                     "og:release_date",
                                     "cxenseparse:recs:publishtime",
                                     "article_date_original",
                                     "originalpublicationdate",
                                     "rnews:datepublished",
                                     "shareaholic:article_published_time",
                                     "bt:pubdate",
                                     "published_at",
                                     "firstpublishedtime",
                                     "_pubtime"});
constexpr auto kModifiedKeys = std::to_array<std::string_view>(
    {"article:modified_time", "og:updated_time", "datemodified", "last-modified", "lastmod",
     "dcterms.modified", "dc.date.modified", "modified_date"});
constexpr auto kAuthorKeys = std::to_array<std::string_view>(
    {"author", "article:author", "og:article:author", "dc.creator", "dcterms.creator", "dc:creator",
     "parsely-author", "sailthru.author", "byl", "citation_author", "twitter:creator:name",
     "article:author_name"});

class Reader {
 public:
  Reader(const html::Document& document, const Visibility& visibility, const Url* url)
      : document_(document), visibility_(visibility), url_(url) {}

  Metadata read() {
    collect();
    const JsonLd ld = read_json_ld(document_);
    Metadata out;
    out.site_name = first_of({meta("og:site_name"), ld.site_name, meta("application-name"),
                              meta("al:android:app_name")});
    out.title = choose_title(ld, out.site_name);
    out.author = choose_author(ld);
    out.published = choose_date(ld);
    out.modified = normal_date(first_of({ld.modified, meta_any(kModifiedKeys)}));
    out.description = first_of(
        {ld.description, meta("og:description"), meta("description"), meta("twitter:description")});
    out.image = absolute(first_of({meta("og:image"), meta("twitter:image"), ld.image}));
    out.canonical_url = absolute(first_of({canonical_, meta("og:url")}));
    out.language = choose_language();
    out.paywalled = ld.paywalled;
    out.feeds = std::move(feeds_);
    const std::string robots = base::ascii_lower(meta("robots"));
    out.no_index = robots.find("noindex") != std::string::npos ||
                   robots.find("noai") != std::string::npos || robots == "none";
    return out;
  }

 private:
  static std::string first_of(std::initializer_list<std::string> values) {
    for (const std::string& value : values) {
      if (!value.empty()) return value;
    }
    return {};
  }

  std::string meta(std::string_view name) const {
    const auto found = metas_.find(name);
    return found == metas_.end() ? "" : found->second;
  }
  template <std::size_t N>
  std::string meta_any(const std::array<std::string_view, N>& names) const {
    for (const std::string_view name : names) {
      if (std::string value = meta(name); !value.empty()) return value;
    }
    return {};
  }

  // RSS advisory board, "RSS autodiscovery"; JSON Feed 1.1, section "discovery".
  void note_feed(const Node& link) {
    const std::string rel = base::ascii_lower(link.get("rel"));
    const std::string type = base::ascii_lower(base::trim(link.get("type")));
    const std::vector<std::string_view> words = base::split(rel, ' ');
    if (std::ranges::find(words, "alternate") == words.end() || feeds_.size() >= 16) return;
    if (type != "application/rss+xml" && type != "application/atom+xml" &&
        type != "application/feed+json")
      return;
    std::string url = absolute(std::string(base::trim(link.get("href"))));
    if (!url.empty()) feeds_.push_back({std::move(url), tidy_line(link.get("title"), 200), type});
  }

  void collect() {
    for (const Node* node = document_.root; node != nullptr;
         node = html::next_in_tree(node, document_.root)) {
      if (!node->is_element() || node->ns != html::Namespace::kHtml) continue;
      switch (node->tag) {
        case Tag::kMeta: {
          const std::string_view content = node->get("content");
          if (content.empty()) break;
          for (const std::string_view key : {"property", "name", "itemprop", "http-equiv"}) {
            // Some give several names in one attribute.
            for (const std::string_view name : base::split(node->get(key), ' ')) {
              if (!name.empty() && metas_.size() < 1000)
                metas_.try_emplace(base::ascii_lower(name), tidy_line(content, 1000));
            }
          }
          break;
        }
        case Tag::kTitle:
          if (title_.empty()) title_ = tidy_line(html::text_content(node));
          break;
        case Tag::kLink:
          if (base::ascii_iequals(node->get("rel"), "canonical") && canonical_.empty())
            canonical_ = base::trim(node->get("href"));
          note_feed(*node);
          break;
        case Tag::kH1:
          if (!visibility_.hidden(node) && headings_.size() < 8) {
            std::string text = tidy_line(html::text_content(node));
            if (!text.empty()) headings_.push_back(std::move(text));
          }
          break;
        case Tag::kTime:
          if (!visibility_.hidden(node)) {
            const std::string_view value = node->get("datetime");
            const auto date = find_date(value);
            const bool published = node->has("pubdate") ||
                                   node->get("itemprop") == "datePublished" ||
                                   node->get("class").find("publish") != std::string_view::npos;
            if (date && (time_.empty() || (published && !time_published_))) {
              time_ = date->iso;
              time_published_ = published;
            }
          }
          break;
        default:
          break;
      }
      const std::string_view property = node->get("itemprop");
      if (property == "datePublished" && node->tag != Tag::kMeta && item_date_.empty()) {
        const std::string_view value =
            node->has("content") ? node->get("content") : node->get("datetime");
        const auto date = value.empty() ? find_date(html::text_content(node)) : find_date(value);
        if (date) item_date_ = date->iso;
      }
      if ((property == "author" || node->get("rel") == "author") && item_author_.empty() &&
          !visibility_.hidden(node)) {
        const Node* name = node;
        for (const Node* below = node; below != nullptr; below = html::next_in_tree(below, node)) {
          if (below->is_element() && below->get("itemprop") == "name") name = below;
        }
        std::string text = tidy_line(name->is_html(Tag::kMeta) ? std::string(name->get("content"))
                                                               : html::text_content(name),
                                     120);
        if (text.size() < 100) item_author_ = std::move(text);
      }
    }
  }

  std::string choose_title(const JsonLd& ld, const std::string& site) const {
    // Some put a description into "headline" and the title into "name".
    const bool name_fits = !ld.name.empty() && title_.find(ld.name) != std::string::npos &&
                           title_.find(ld.headline) == std::string::npos;
    const std::string tagged =
        first_of({name_fits ? ld.name : ld.headline, ld.name, meta("dc:title"),
                  meta("dcterm:title"), meta("og:title"), meta("weibo:article:title"),
                  meta("weibo:webpage:title"), meta("twitter:title"), meta("parsely-title")});
    const std::string heading = headings_.size() == 1 ? headings_.front() : best_heading();
    // A quotation mark ends an attribute early: the heading has the rest.
    if (const std::string* whole = heading_beyond(tagged)) return *whole;
    const std::string title =
        tagged.empty() && !title_.empty() ? clean_title(title_, site, heading) : tagged;
    // One that was cut short for a search engine or a card.
    for (const std::string_view dots : {"…", "..."}) {
      if (!title.ends_with(dots)) continue;
      const std::string_view start =
          base::trim(std::string_view(title).substr(0, title.size() - dots.size()));
      if (const std::string* whole = heading_beyond(start)) return *whole;
    }
    if (!title.empty()) return title;
    return first_of({meta("title"), heading});
  }

  // The first heading that begins with all of `start` and goes on; null if there is none.
  const std::string* heading_beyond(std::string_view start) const {
    if (start.size() < 8) return nullptr;
    const auto found = std::ranges::find_if(headings_, [start](const std::string& whole) {
      return whole.size() > start.size() && whole.starts_with(start);
    });
    return found == headings_.end() ? nullptr : &*found;
  }

  // The heading that shares most with the title element.
  std::string best_heading() const {
    for (const std::string& heading : headings_) {
      if (heading.size() >= 8 && title_.find(heading) != std::string::npos) return heading;
    }
    return {};
  }

  std::string choose_author(const JsonLd& ld) const {
    const auto is_name = [](const std::string& text) {
      return !text.empty() && !text.starts_with("http") && text.size() < 200;
    };
    if (is_name(ld.author)) return ld.author;
    for (const std::string_view key : kAuthorKeys) {
      if (const std::string value = meta(key); is_name(value)) return value;
    }
    if (is_name(item_author_)) return strip_by(item_author_);
    return byline();
  }

  static std::string strip_by(std::string text) {
    for (const std::string_view prefix : {"by ", "By ", "BY ", "By: ", "作者：", "作者:"}) {
      if (text.starts_with(prefix)) return tidy_line(std::string_view(text).substr(prefix.size()));
    }
    return text;
  }

  // A short visible element that calls itself a byline, or a line with the Chinese word for author.
  std::string byline() const {
    const Node* body = document_.body();
    if (body == nullptr) return {};
    for (const Node* node = body; node != nullptr; node = html::next_in_tree(node, body)) {
      if (node->is_element()) {
        if (visibility_.hidden(node)) continue;
        const std::string names =
            base::ascii_lower(std::string(node->get("class")) + " " + std::string(node->get("id")));
        if (names.find("byline") == std::string::npos && names.find("author") == std::string::npos)
          continue;
        const std::string text = tidy_line(html::text_content(node), 160);
        if (!text.empty() && text.size() < 100) return strip_by(text);
      } else if (node->is_text()) {
        for (const std::string_view word : {"作者：", "作者:", "记者：", "文/", "撰文："}) {
          const std::size_t at = node->text.find(word);
          if (at == std::string_view::npos) continue;
          std::string_view rest = base::trim(node->text.substr(at + word.size()));
          rest = rest.substr(0, std::min(rest.find_first_of(" \n\t|"), rest.size()));
          for (const std::string_view stop : {"，", "。", "　", "）", "责任编辑"})
            rest = rest.substr(0, rest.find(stop));
          if (!rest.empty() && rest.size() < 60) return tidy_line(rest);
        }
      }
    }
    return {};
  }

  static std::string normal_date(const std::string& text) {
    const auto date = find_date(text);
    return date ? date->iso : "";
  }

  std::string choose_date(const JsonLd& ld) const {
    if (std::string date = normal_date(ld.published); !date.empty()) return date;
    for (const std::string_view key : kPublishedKeys) {
      if (std::string date = normal_date(meta(key)); !date.empty()) return date;
    }
    if (!item_date_.empty()) return item_date_;
    if (time_published_) return time_;
    if (std::string date = date_near_title(); !date.empty()) return date;
    if (!time_.empty()) return time_;
    return date_in_url(url_ != nullptr ? url_->href() : canonical_).value_or("");
  }

  // The first date in the visible text behind the title, best in an element named after dates.
  std::string date_near_title() const {
    const Node* body = document_.body();
    if (body == nullptr) return {};
    std::string named;
    std::string plain;
    std::string early;  // before the title: mastheads show today
    bool title_seen = headings_.empty();
    std::size_t behind = 0;
    for (const Node* node = body; node != nullptr; node = html::next_in_tree(node, body)) {
      if (node->is_element() && visibility_.hidden(node)) continue;
      if (node->is_html(Tag::kH1)) title_seen = true;
      if (!node->is_text() || visibility_.hidden(node)) continue;
      if (title_seen) behind += node->text.size();
      if (node->text.size() > 4000) continue;
      const auto date = find_date(node->text);
      if (!date) continue;
      const bool with_time = date->iso.size() > 10;
      std::string names;
      const Node* up = node->parent;
      for (int i = 0; i < 3 && up != nullptr && up->is_element(); ++i, up = up->parent) {
        names += base::ascii_lower(std::string(up->get("class")) + " " +
                                   std::string(up->get("id")) + " ");
      }
      bool by_name = false;
      for (const std::string_view word :
           {"date", "time", "pub", "meta", "info", "source", "byline"}) {
        by_name = by_name || names.find(word) != std::string::npos;
      }
      if (!title_seen) {
        if (early.empty() && (by_name || with_time)) early = date->iso;
        continue;
      }
      if (by_name && named.empty()) named = date->iso;
      const bool short_text = node->text.size() < 120;
      if (plain.empty() && short_text && behind < 4000) plain = date->iso;
      if (!named.empty() || behind > 20000) break;
    }
    if (!plain.empty() && plain.size() > 10) return plain;
    return first_of({named, plain, early});
  }

  std::string choose_language() const {
    if (const Node* root = document_.html(); root != nullptr) {
      for (const std::string_view key : {"lang", "xml:lang"}) {
        const std::string_view value = base::trim(root->get(key));
        if (!value.empty() && value.size() < 20) return std::string(value);
      }
    }
    if (std::string value = meta("content-language"); !value.empty()) return value;
    if (std::string value = meta("og:locale"); !value.empty()) {
      std::ranges::replace(value, '_', '-');
      return value;
    }
    return guess_language();
  }

  std::string guess_language() const {
    const Node* body = document_.body();
    if (body == nullptr) return {};
    ScriptCounts counts;
    for (const Node* node = body; node != nullptr && !counts.enough();
         node = html::next_in_tree(node, body)) {
      if (node->is_text() && !visibility_.hidden(node)) counts.add(node->text.substr(0, 4000));
    }
    return counts.language();
  }

  std::string absolute(const std::string& reference) const {
    if (reference.empty()) return {};
    const auto parsed = Url::parse(reference, url_);
    return parsed && parsed->is_http() ? parsed->href() : "";
  }

  const html::Document& document_;
  const Visibility& visibility_;
  const Url* url_;
  std::map<std::string, std::string, std::less<>> metas_;
  std::vector<FeedLink> feeds_;
  std::string title_;
  std::string canonical_;
  std::vector<std::string> headings_;
  std::string time_;
  bool time_published_ = false;
  std::string item_date_;
  std::string item_author_;
};

}  // namespace

Metadata read_metadata(const html::Document& document, const Visibility& visibility,
                       const Url* url) {
  return Reader(document, visibility, url).read();
}

}  // namespace seine::web
