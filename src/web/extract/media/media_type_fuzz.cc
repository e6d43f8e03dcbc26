// Sniffing any bytes under any type and name: always an answer, always with a type's name.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "web/extract/media/media_type.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = bytes.find('\n');
  // The first line is the header, the rest the body.
  const std::string_view type = cut == std::string_view::npos ? "" : bytes.substr(0, cut);
  const std::string_view body = cut == std::string_view::npos ? bytes : bytes.substr(cut + 1);
  for (const bool no_sniff : {false, true}) {
    const Media media =
        identify_media(body, {.content_type = type, .no_sniff = no_sniff, .name = type});
    if (media.type.empty()) std::abort();
  }
  return 0;
}
