// Every encoding on every input: the output is valid UTF-8 of bounded size.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "web/extract/charset/sniff.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (int i = 0; i <= static_cast<int>(Encoding::kIso2022Kr); ++i) {
    const Decoded out = decode(bytes, static_cast<Encoding>(i));
    if (!seine::base::is_valid_utf8(out.text) || out.text.size() > size * 6 + 16) std::abort();
  }
  decode_page(bytes, bytes.substr(0, 12));
  return 0;
}
