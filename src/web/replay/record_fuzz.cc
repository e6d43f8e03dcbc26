#include <cstdint>
#include <cstdlib>

#include "web/fetch/decoder.h"
#include "web/replay/replay.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto record = WebRecord::parse(text)) {
    const auto again = WebRecord::parse(record->to_text());
    if (!again || again->exchanges.size() != record->exchanges.size()) std::abort();
  }
  if (size < 2) return 0;
  static constexpr std::string_view kCodings[] = {"gzip", "deflate", "br", "zstd", "br, gzip"};
  auto decoder = Decoder::make(kCodings[data[0] % 5], {.decoded_bytes_max = 1 << 20});
  std::string out;
  if (decoder && decoder->feed(text.substr(1, size / 2), out) &&
      decoder->feed(text.substr(1 + size / 2), out))
    (void)decoder->finish();
  if (out.size() > (std::size_t{1} << 20) + 65'536) std::abort();
  return 0;
}
