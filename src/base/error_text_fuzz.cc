// Messages may hold what a peer said: any bytes. English ones pass through, and no text takes long
// or loses its end.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/error_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using seine::base::Code;
  using seine::base::Language;
  const std::string message(reinterpret_cast<const char*>(data), size);
  const seine::base::Error error{Code::kUnavailable, message};
  SEINE_ASSERT(error_text(error, Language::kEnglish) == message, "English is what it was");
  SEINE_ASSERT(!error_text(error, Language::kChinese).empty(), "there is always something to say");
  return 0;
}
