// What a broken or hostile tesseract might write.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "web/extract/image/image_page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine;
  const web::Page page =
      web::words_page(base::to_valid_utf8({reinterpret_cast<const char*>(data), size}));
  for (const web::Block& block : page.blocks) {
    if (!base::is_valid_utf8(block.markdown)) std::abort();
  }
  return 0;
}
