// Command lines and listen addresses: any words give an invocation or an error with words of its
// own.
#include <cstdint>

#include "base/assert.h"
#include "base/text.h"
#include "server/invocation.h"
#include "server/service.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  for (const std::string_view word : seine::base::split(text, '\0')) words.emplace_back(word);
  const auto invocation = seine::server::parse_arguments(words, seine::base::Language::kChinese);
  SEINE_ASSERT(invocation || !invocation.error().message.empty(), "errors say something");
  (void)seine::server::parse_listen(text);
  return 0;
}
