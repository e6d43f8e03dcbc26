// Any bytes: terms are bounded, UTF-8, and their spans lie in the text in order of position.
#include "base/assert.h"
#include "base/utf8.h"
#include "store/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static seine::store::Tokenizer tokenizer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::uint32_t last = 0;
  bool first = true;
  tokenizer.run(text, [&](const seine::store::Token& token) {
    SEINE_ASSERT(!token.text.empty() && token.text.size() <= seine::store::Tokenizer::kTermBytesMax,
                 "a term is bounded");
    SEINE_ASSERT(seine::base::is_valid_utf8(token.text), "a term is UTF-8");
    SEINE_ASSERT(token.begin < token.end && token.end <= text.size(), "a span lies in the text");
    SEINE_ASSERT(first ? token.position == 0 && !token.extra
                       : token.position == last + (token.extra ? 0 : 1),
                 "positions grow by one");
    first = false;
    last = token.position;
    return true;
  });
  return 0;
}
