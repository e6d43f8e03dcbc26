// What a page says about itself: title, author, dates, language, canonical URL, site, licence to
// read it freely. From JSON-LD, meta elements, microdata and, last, the visible text near the
// title. All of it is the page's own claim. Pure over the tree, one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "web/extract/html/dom.h"
#include "web/extract/style/visibility.h"
#include "web/url/url.h"

namespace seine::web {

// A feed that a page names (<link rel=alternate>).
struct FeedLink {
  std::string url;  // absolute where the page's own is known
  std::string title;
  std::string type;  // "application/rss+xml"
};

struct Metadata {
  std::string title;
  std::string author;
  std::string published;  // ISO 8601, as exact as the page says; empty when unknown
  std::string modified;
  std::string language;  // BCP 47 as the page has it, or "zh", "en", ... guessed from the text
  std::string canonical_url;
  std::string site_name;
  std::string description;
  std::string image;
  bool paywalled = false;  // JSON-LD isAccessibleForFree is false
  bool no_index = false;   // robots meta: noindex, noai, none
  std::vector<FeedLink> feeds;
};

Metadata read_metadata(const html::Document& document, const Visibility& visibility,
                       const Url* url);

struct JsonLd {
  std::string headline;
  std::string name;
  std::string author;
  std::string published;
  std::string modified;
  std::string site_name;
  std::string description;
  std::string image;
  bool paywalled = false;
};
// The first article-like object of a page's JSON-LD scripts.
JsonLd read_json_ld(const html::Document& document);

// "Headline" of "Headline | Site - Section"; `heading` is the page's first heading, which settles
// it.
std::string clean_title(std::string_view title, std::string_view site_name,
                        std::string_view heading);

// White space collapsed, invisible characters gone.
std::string tidy_line(std::string_view text, std::size_t bytes_max = 500);

}  // namespace seine::web
