#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "net/detail/websocket_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::net::detail;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const WsRole role : {WsRole::kServer, WsRole::kClient}) {
    WsDecoder whole(role, 4096);
    WsDecoder pieces(role, 4096);
    whole.feed(bytes);
    for (const char& byte : bytes) pieces.feed({&byte, 1});
    SEINE_ASSERT(whole.fault() == pieces.fault(), "the cut decides nothing");
    WsEvent a{};
    WsEvent b{};
    while (whole.next(a)) {
      SEINE_ASSERT(pieces.next(b) && a == b, "the cut decides nothing");
      SEINE_ASSERT(a.data.size() <= 4096, "a message is bounded");
    }
  }
  return 0;
}
