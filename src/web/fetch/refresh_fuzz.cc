// A Refresh field and a page that may hold one.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "web/fetch/refresh.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)web::parse_refresh(text);
  web::HopResponse response;
  response.status = 200;
  response.body = text;
  const auto url = web::Url::parse("https://a.example/page");
  const auto target = web::refresh_target(response, *url);
  SEINE_ASSERT(!target || target->starts_with("http"), "only the web is led to");
  return 0;
}
