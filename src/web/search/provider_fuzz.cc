#include <cstdint>
#include <cstdlib>

#include "web/search/provider.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web;
  if (size < 2) return 0;
  const auto ids = provider_ids();
  const ProviderCodec* codec = find_provider(ids[data[0] % ids.size()]);
  constexpr int kStatuses[] = {200, 202, 303, 400, 401, 403, 429, 432, 500};
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const ProviderAnswer answer = codec->parse(kStatuses[data[1] % 9], body);
  if (answer.failure != SearchFailure::kNone && !answer.hits.empty()) std::abort();
  for (const SearchHit& hit : answer.hits) {
    if (!hit.url.starts_with("http")) std::abort();
  }
  return 0;
}
