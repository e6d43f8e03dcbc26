// Feeds on any text: entries are bounded, what comes out is valid Markdown in UTF-8.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "web/extract/feed/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine;
  // The dispatch decodes before it parses.
  const std::string text = base::to_valid_utf8({reinterpret_cast<const char*>(data), size});
  const auto feed = web::parse_feed(text);
  if (!feed) return 0;
  if (feed->entries.size() > 500) std::abort();
  for (const web::Block& block : web::feed_page(*feed, "https://example.org/feed").blocks) {
    if (!base::is_valid_utf8(block.markdown) || block.offset > text.size()) std::abort();
  }
  return 0;
}
