// JSON, lines of JSON, Markdown and plain text on any bytes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "web/extract/text/text_page.h"

namespace {

using namespace seine;

void check(const web::Page& page, std::string_view text) {
  for (const web::Block& block : page.blocks) {
    if (!base::is_valid_utf8(block.markdown) || block.offset > text.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto page = web::json_page(bytes, "https://example.org/")) check(*page, bytes);
  if (const auto page = web::json_lines_page(bytes)) check(*page, bytes);
  const std::string text = base::to_valid_utf8(bytes);
  check(web::markdown_page(text), text);
  check(web::plain_text_page(text), text);
  check(web::xml_page(text), text);
  return 0;
}
