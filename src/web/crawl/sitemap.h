// Sitemaps (sitemaps.org 0.9): the XML forms and plain lists. A scanner for the few elements that
// matter rather than an XML parser: no entities but the five, no recursion, bounded. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seine::web {

struct SitemapEntry {
  std::string url;
  std::string modified;  // as the file has it; may be empty
};

struct Sitemap {
  static constexpr std::size_t kEntriesMax = 50'000;  // the format's own bound
  std::vector<SitemapEntry> pages;
  std::vector<SitemapEntry> sitemaps;  // of an index
};

// Gives what can be read of any bytes.
Sitemap parse_sitemap(std::string_view text);

}  // namespace seine::web
