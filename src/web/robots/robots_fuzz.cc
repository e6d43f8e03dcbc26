#include <cstdint>
#include <string_view>

#include "web/robots/robots.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min(text.find('\0'), text.size());
  const auto robots = seine::web::Robots::parse(text.substr(0, cut));
  robots.allows("seine", text.substr(cut));
  robots.crawl_delay("seine");
  return 0;
}
