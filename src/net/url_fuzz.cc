#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "net/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = parse_url(text)) {
    const auto again = parse_url(url->to_string());
    SEINE_ASSERT(again && again->host == url->host && again->port == url->port &&
                     again->target == url->target,
                 "a URL reads as it was written");
  }
  SEINE_ASSERT(percent_decode(percent_encode(text)) == text, "escapes are undone");
  SEINE_ASSERT(QueryParams::parse(text).pairs().size() <= 256, "the count is bounded");
  return 0;
}
