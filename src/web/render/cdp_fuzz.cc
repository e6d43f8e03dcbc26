// Whatever the browser's end of the pipe sends, and whatever a DOM snapshot in it holds.
#include <cstddef>
#include <cstdint>

#include "web/render/cdp_splitter.h"
#include "web/render/dom_snapshot.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  seine::web::CdpSplitter splitter;
  splitter.feed(text.substr(0, size / 2));
  for (int half = 0; half < 2; ++half) {
    for (;;) {
      const auto message = splitter.next();
      if (!message) return 0;
      if (!*message) break;
      (void)seine::web::visible_html((*message)->params);
    }
    if (half == 0) splitter.feed(text.substr(size / 2));
  }
  return 0;
}
