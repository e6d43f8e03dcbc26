// JSON parser: no crash, and what parses prints to text that parses to the same value.
#include <cstdint>

#include "base/assert.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = seine::base::parse_json(text);
  if (!value) return 0;
  const auto again = seine::base::parse_json(seine::base::to_text(*value));
  SEINE_ASSERT(again.has_value(), "printed JSON parses");
  return 0;
}
