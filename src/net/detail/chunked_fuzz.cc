#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "net/detail/chunked.h"

// Whole and byte by byte must agree.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using seine::net::detail::ChunkDecoder;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string contents[2];
  bool broken[2] = {};
  for (const int way : {0, 1}) {
    ChunkDecoder decoder;
    for (std::size_t at = 0; at < size && !decoder.done();) {
      const auto step = decoder.step(text.substr(at, way == 0 ? size : 1));
      if (!step) {
        broken[way] = true;
        break;
      }
      contents[way] += step->data;
      at += step->consumed;
      if (step->consumed == 0) break;
    }
  }
  SEINE_ASSERT(broken[0] == broken[1], "the cut decides nothing");
  SEINE_ASSERT(contents[0] == contents[1], "the cut decides nothing");
  return 0;
}
