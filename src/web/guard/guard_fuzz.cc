// Whatever the URL, what the guard lets pass as a literal is a global address.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "web/guard/guard.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web;
  const auto url = Url::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!url || judge_url(*url, {}) != Refusal::kNone) return 0;
  const auto literal = IpAddress::parse(url->hostname());
  if (literal && classify(*literal) != AddressKind::kGlobal) std::abort();
  if (!url->is_http() || url->has_credentials()) std::abort();
  return 0;
}
