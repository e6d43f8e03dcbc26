// Small text parsers and UTF-8: no crash, and their inverses agree.
#include <cstdint>

#include "base/assert.h"
#include "base/ids.h"
#include "base/language.h"
#include "base/text.h"
#include "base/utf8.h"

using namespace seine::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  SEINE_ASSERT(is_valid_utf8(to_valid_utf8(text)), "repaired text is valid");
  SEINE_ASSERT(utf8_prefix(text, size / 2) <= size / 2, "a prefix keeps its limit");
  SEINE_ASSERT(from_base64(base64(text)) == text, "base64 inverts");
  SEINE_ASSERT(from_hex(hex(text)) == text, "hex inverts");
  (void)from_base64(text);
  (void)parse_size(text);
  (void)parse_duration(text);
  (void)parse_traceparent(text);
  (void)display_width(text);
  return 0;
}
