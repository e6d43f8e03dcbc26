#include <cstdint>
#include <cstdlib>

#include "web/crawl/glob.h"
#include "web/crawl/sitemap.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto map = seine::web::parse_sitemap(text);
  if (map.pages.size() + map.sitemaps.size() > seine::web::Sitemap::kEntriesMax) std::abort();
  const std::string_view pattern = text.substr(0, size / 2);
  if (size < 4'096) (void)seine::web::glob_matches(pattern, text.substr(pattern.size()));
  return 0;
}
