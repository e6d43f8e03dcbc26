// Any text as tokenizer.json; what loads must encode and decode hostile text.
#include <string_view>

#include "engine/tokenizer/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = seine::engine::Tokenizer::of_json(text, "");
  if (!tokenizer) return 0;
  const auto ids = (*tokenizer)->encode(text.substr(0, 4096), {.parse_special = true});
  (void)(*tokenizer)->decode(ids, true);
  return 0;
}
