// Parsing what the parser wrote must give the same URL, whatever the input and the base.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "web/url/site.h"
#include "web/url/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using seine::web::Url;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = text.find('\n');
  const auto base = Url::parse(text.substr(0, cut));
  const auto url =
      Url::parse(cut == text.npos ? text : text.substr(cut + 1), base ? &*base : nullptr);
  if (!url) return 0;
  const auto again = Url::parse(url->href());
  if (!again || again->href() != url->href()) std::abort();
  seine::web::dedup_key(*url);
  seine::web::registrable_domain(url->hostname());
  return 0;
}
