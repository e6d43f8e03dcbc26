#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "net/sse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::net;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  SseParser whole(1 << 20);
  SseParser pieces(1 << 20);
  (void)whole.feed(text);
  for (const char& byte : text) (void)pieces.feed({&byte, 1});
  while (auto event = whole.next()) {
    SEINE_ASSERT(pieces.next() == event, "the cut decides nothing");
    // What is written of it is read again.
    std::string written;
    append_sse(written, *event);
    SseParser again(1 << 21);
    SEINE_ASSERT(again.feed(written) && again.next().has_value(), "an event survives its writing");
  }
  SEINE_ASSERT(!pieces.next(), "the cut decides nothing");
  return 0;
}
