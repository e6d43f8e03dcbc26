#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "web/cache/cache_control.h"
#include "web/cache/cache_policy.h"
#include "web/fetch/http_date.h"

// Lines "name: value" become a stored response and a request; the policy must hold together.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::web;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const seine::base::WallTime now{std::chrono::seconds(1'780'000'000)};
  StoredResponse stored;
  stored.status = size % 2 == 0 ? 200 : 404;
  stored.request_time = stored.response_time = now;
  HopRequest request{.url = *Url::parse("http://example.org/")};
  bool of_request = false;
  for (const std::string_view line : seine::base::split(text, '\n')) {
    if (line.empty()) of_request = true;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    (of_request ? request.headers : stored.headers)
        .add(line.substr(0, colon), line.substr(colon + 1));
  }
  (void)parse_http_date(text, now);
  (void)parse_retry_after(text, now);
  (void)may_store(request, stored.status, stored.headers);
  stored.variant = variant_of(stored.headers, request.headers);
  if (freshness_lifetime(stored, now).count() < 0) std::abort();
  if (current_age(stored, now).count() < 0) std::abort();
  (void)decide(stored, request, now + std::chrono::hours(1));
  (void)serve_on_error(stored, now);
  (void)variant_matches(stored, request.headers);
  seine::net::Headers updated = storable_headers(stored.headers);
  update_headers(updated, request.headers);
  (void)served_headers(stored, now);
  return 0;
}
