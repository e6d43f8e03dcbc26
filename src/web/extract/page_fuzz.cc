// Bytes to Markdown on any input: blocks point into the snapshot, nothing invisible is left.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "web/extract/page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web;
  PageOptions options;
  options.url = "https://example.org/a/b";
  options.main_content = size % 3 != 0;
  const auto page = read_page(std::string_view(reinterpret_cast<const char*>(data), size), options);
  if (!page) std::abort();
  for (const Block& block : page->blocks) {
    if (block.offset > page->snapshot.size() || !seine::base::is_valid_utf8(block.markdown))
      std::abort();
  }
  return 0;
}
