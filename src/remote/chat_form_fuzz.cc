#include <cstddef>
#include <cstdint>
#include <string_view>

#include "remote/chat_form.h"

// Lines as the data of a stream's events.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  (void)seine::remote::refusal(500, rest);
  seine::remote::ChunkReader reader;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (!reader.feed(rest.substr(0, end))) break;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  (void)reader.finish();
  return 0;
}
