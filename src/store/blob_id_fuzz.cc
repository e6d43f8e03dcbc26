// Any text as a blob's name: what parses is written back the same and stays one path component.
#include "base/assert.h"
#include "store/blob_store.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto id = seine::store::BlobId::parse(text)) {
    SEINE_ASSERT(id->hex() == text, "one spelling only");
    SEINE_ASSERT(id->hex().find_first_of("./") == std::string::npos, "no path");
  }
  return 0;
}
